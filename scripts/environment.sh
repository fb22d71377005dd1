# shellcheck shell=bash
# Makes .venv from requirements.lock, only when it is missing or out of date. Sourced, never run.
#
# prepare_environment [dev]: the program, with `dev` also the tools of the checks and tests.
# Needs: the repository as the working directory. Everything it says goes to standard error.

VENV=.venv
STAMP=$VENV/installed

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    cat >&2 <<TEXT
Townline needs Python 3.11 or newer; looked for ${PYTHON:-python3.11 python3.12 python3.13 python3}.
Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.12),
or name one: PYTHON=/path/to/python3.11 $0
TEXT
    return 1
}

# What the environment is made from; another place counts, because programs in .venv know theirs.
fingerprint() {
    echo "$1 $PWD $(cat pyproject.toml requirements.lock | cksum)"
}

is_installed() {
    [ -x "$VENV/bin/python" ] && [ -f "$STAMP" ] || return 1
    local installed
    installed=$(cat "$STAMP")
    # what `dev` installs is more than what the program needs
    [ "$installed" = "$(fingerprint "$1")" ] || [ "$installed" = "$(fingerprint dev)" ]
}

prepare_environment() {
    local extra=${1:-run} python target=.
    if is_installed "$extra"; then
        return
    fi
    if ! "$VENV/bin/python" -c '' >/dev/null 2>&1; then
        python=$(find_python) || return 1
        echo "Making $VENV with $("$python" --version) ..." >&2
        if ! "$python" -m venv --clear "$VENV" >&2; then
            echo "On Debian and Ubuntu: apt-get install python3-venv, then try again." >&2
            rm -rf "$VENV"
            return 1
        fi
    fi
    if [ "$extra" = dev ]; then
        target='.[dev]'
    fi
    echo "Installing Townline and its libraries (once, takes a minute) ..." >&2
    rm -f "$STAMP"
    "$VENV/bin/python" -m pip install -qq --disable-pip-version-check \
        --constraint requirements.lock --editable "$target" >&2 || {
        echo "The installation failed; pip says why above. Without a network nothing can be fetched." >&2
        return 1
    }
    fingerprint "$extra" >"$STAMP"
}
