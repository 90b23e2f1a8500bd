#!/bin/sh
# Runs the set-up with the Python of this machine: sh local/set_up/start.sh run|checks STAMP PREREQUISITE...
# The first thing that runs on a new machine: what is missing is said in one sentence.
python=${PYTHON:-python3}

fail() {
  echo "$1" >&2
  exit 1
}

command -v "$python" >/dev/null 2>&1 ||
  fail "Flowsentry needs Python 3.11 or newer, and there is no $python on the PATH: install it, or name one: make PYTHON=/path/to/python3.13"

found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else "ok")' 2>&1)
case $found in
  ok) ;;
  [0-9].*) fail "Flowsentry needs Python 3.11 or newer, and $python is $found: install a newer one, or name it: make PYTHON=/path/to/python3.13" ;;
  *) fail "$python does not run (${found:-it prints nothing}): install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.13" ;;
esac

"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
  fail "$python comes without its modules venv and ensurepip: install them (Debian and Ubuntu: apt install python3-venv), or name another Python: make PYTHON=/path/to/python3.13"

# of a virtual environment, the Python that it was made with: the set-up may make the environment anew
python=$("$python" -c 'import sys; print(getattr(sys, "_base_executable", None) or sys.executable)')
exec "$python" -m local.set_up "$@"
