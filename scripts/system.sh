# shellcheck shell=bash
# Installs what the tests need from the system, or says what is left out. Sourced, never run.
#
# prepare_system: as root with apt installs what is missing; appends a line to the array `left_out`
# for what stays missing. Nothing that is installed is removed for it, and no service is started.

# Program, apt packages (with commas), what is left out without it.
SYSTEM='
mount     mount                          the tests of a full disk and of one that became read-only
dovecot   dovecot-imapd,dovecot-lmtpd    the tests of a mailbox on a mail server
setpriv   util-linux                     the tests of a mailbox on a mail server
redis-server redis-server               the tests of the journal in Redis
pg_createcluster postgresql              the tests of history on PostgreSQL
openssl   openssl                        the tests of a mailbox on a mail server
nginx     nginx                          the test of the web server in front
smtpd     opensmtpd                      the test of mail through a mail server of its own
chromium  chromium                       the tests of pages in a browser
'
# What only root can do, installed or not.
ROOT_ONLY='
the tests of a full disk and of one that became read-only
the test of mail through a mail server of its own
'

is_root() { [ "$(id -u)" = 0 ]; }

# Servers lie where not everybody looks.
has_program() { (PATH=$PATH:/usr/sbin:/sbin command -v "$1") >/dev/null; }

# install_packages PACKAGE...: in a shell of its own, so that what it changes is changed back
install_packages() (
    policy=/usr/sbin/policy-rc.d # asked before a service is started: 101 is no
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove \
        "$@" >/dev/null
)

prepare_system() {
    local program packages without is_updated=''
    while read -r program packages without; do
        if [ -z "$program" ] || has_program "$program"; then
            continue
        fi
        if is_root && command -v apt-get >/dev/null; then
            packages=${packages//,/ }
            echo "Installing $packages from apt ..."
            if [ -z "$is_updated" ]; then
                apt-get update -qq || true # what is known may do
                is_updated=yes
            fi
            # shellcheck disable=SC2086 # several packages
            install_packages $packages </dev/null && continue
        fi
        left_out+=("$without: $program is missing (apt package ${packages//,/ })")
    done <<<"$SYSTEM"
    is_root && return
    while read -r without; do
        [ -z "$without" ] || left_out+=("$without: not root")
    done <<<"$ROOT_ONLY"
}
