"""What to do about an error of AWS or of the machine, for the end of its sentence."""

import errno

NEXT_STEPS = {
    "NoCredentialsError": "give --profile, set AWS_PROFILE, or run aws configure",
    "PartialCredentialsError": "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile",
    "ProfileNotFound": "aws configure list-profiles shows those that there are",
    "NoRegionError": "give --region, or set AWS_REGION",
    "EndpointConnectionError": "check the network and the Region",
    "ConnectTimeoutError": "check the network and the Region",
    "ReadTimeoutError": "try again, or check the network",
    "ExpiredToken": "sign in again, for example with aws sso login",
    "ExpiredTokenException": "sign in again, for example with aws sso login",
    "UnauthorizedSSOTokenError": "sign in again, for example with aws sso login",
    "SSOTokenLoadError": "sign in with aws sso login",
    "TokenRetrievalError": "sign in with aws sso login",
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID, or the profile",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY, or the profile",
    "AccessDenied": "ask for the permission, or use a profile that has it",
    "AccessDeniedException": "ask for the permission, or use a profile that has it",
    "NoSuchBucket": "check the name of the bucket, and the account of the profile",
}
"""By the name of an error of boto3, or the code of AWS."""
OF_THE_MACHINE = {
    errno.ENOSPC: "free some space, or set TMPDIR to a folder of another disk",
    errno.EACCES: "check who may read and write it",
    errno.EMFILE: "raise the limit of open files with ulimit -n",
}


def next_step(error: BaseException) -> str:
    """What to do; nothing where that is not known. An error's cause counts where the error itself says nothing."""
    response = getattr(error, "response", None) or {}
    names = (type(error).__name__, response.get("Error", {}).get("Code", ""))
    steps = [NEXT_STEPS.get(name, "") for name in names]
    steps.append(OF_THE_MACHINE.get(error.errno or 0, "") if isinstance(error, OSError) else "")
    return next(filter(None, steps), next_step(error.__cause__) if error.__cause__ else "")


def with_next_step(error: BaseException) -> str:
    """The error's message and what to do, in one sentence."""
    message, step = str(error).rstrip("."), next_step(error)
    return f"{message}; {step}" if step else message
