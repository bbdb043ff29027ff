#!/bin/bash
# MWAA runs this as each component starts, before it installs the requirements, for five minutes
# at most. It fetches the certificates of RDS: every connection to the warehouse checks the
# server's against them, and none is made without.
# https://docs.aws.amazon.com/mwaa/latest/userguide/using-startup-script.html
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
#
# MWAA takes over what a script exports, so its shell reads this file rather than running it: what
# is set here stays in the function, and `exit` is for failure alone.

sluice_fetch_certificates() (
  url="${SLUICE_CERTIFICATES_URL:-https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem}"
  target="${SLUICE_CERTIFICATES_FILE:-${AIRFLOW_HOME:-/usr/local/airflow}/rds-global-bundle.pem}"
  if [ "${MWAA_AIRFLOW_COMPONENT:-}" = webserver ]; then
    echo "startup: the web server does not reach the warehouse and needs no certificates"
    return 0
  fi
  umask 022
  fresh="$(mktemp "$target.XXXXXX")" || return 1
  trap 'rm -f "$fresh"' EXIT
  curl --fail --silent --show-error --location --proto-default https --output "$fresh" \
    --connect-timeout 10 --max-time 60 --retry-all-errors \
    --retry "${SLUICE_CERTIFICATES_RETRIES:-6}" --retry-max-time 150 "$url" ||
    return 1
  # What was cut off or is no certificate is refused here rather than at the first connection.
  python3 -c 'import ssl, sys; ssl.create_default_context(cafile=sys.argv[1])' "$fresh" || return 1
  chmod 644 "$fresh" && mv -f "$fresh" "$target" || return 1
  echo "startup: $(grep -c 'BEGIN CERTIFICATE' "$target") certificates of RDS are in $target"
)

if ! sluice_fetch_certificates; then
  echo "startup: no certificates of RDS, so that no connection to the warehouse can be made" >&2
  exit 1
fi
unset -f sluice_fetch_certificates
