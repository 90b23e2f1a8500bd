"""What flow logs and Flowsentry cost a month: measured time, calls and bytes, multiplied by AWS's list prices."""
