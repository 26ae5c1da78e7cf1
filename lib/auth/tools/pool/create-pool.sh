#!/usr/bin/env bash
# Creates the same user pool as template.yaml, with the AWS CLI, for a first try. It changes nothing that exists.
#
# NOT RUN AGAINST AWS. A test checks every option against the API's own model.
#
#   bash lib/auth/tools/pool/create-pool.sh -o .env.local my-app http://localhost:3000
#
# -o names a new file for the variables. Only its owner can read it, because it holds the client secret. Without -o the
# script prints them. The first argument is the prefix of the login domain, the second the address of the app. For each
# further address it registers a callback and a sign-out URL, too. The AWS CLI provides the region and the credentials.
set -euo pipefail

umask 077
env_file=
if [ "${1-}" = -o ] && [ -n "${2-}" ]; then
  env_file=$2
  shift 2
  if [ -e "$env_file" ]; then
    echo "$env_file exists already" >&2
    exit 2
  fi
fi
if [ $# -lt 2 ]; then
  echo "Usage: create-pool.sh [-o <new file>] <domain prefix> <APP_BASE_URL> [<another address of the app> ...]" >&2
  exit 2
fi
case $(aws --version 2>&1) in
aws-cli/1*) # Version 1 fetches URLs in its options, and sends their content instead.
  echo "This script needs AWS CLI 2" >&2
  exit 2
  ;;
esac
prefix=$1
shift
base_url=$1
callback_urls=()
for url in "$@"; do
  case $url in
  */ | *[?#,@[:space:]]*)
    echo "$url: must have no slash at the end, no query, and no comma, @ or space" >&2
    exit 2
    ;;
  https://* | http://localhost | http://localhost[:/]* | http://127.0.0.1 | http://127.0.0.1[:/]* | http://\[::1\] | http://\[::1\][:/]*) ;;
  *)
    echo "$url: must be https, or http on localhost" >&2
    exit 2
    ;;
  esac
  callback_urls+=("$url/auth/callback")
done
session_seconds=2592000 # The length of a session: AUTH_SESSION_MAX_AGE.
token_minutes=60        # The lifetime of access and ID tokens.
# The policy demands length, and no kinds of characters (NIST SP 800-63B).
no_kinds=RequireLowercase=false,RequireUppercase=false,RequireNumbers=false,RequireSymbols=false
password_policy="PasswordPolicy={MinimumLength=12,$no_kinds,TemporaryPasswordValidityDays=7}"

say() { echo "$*" >&2; }
pool_id=
trap 'say "The script stopped before its end${pool_id:+. Delete user pool $pool_id (its domain first) before you try again}."' ERR

pool_id=$(aws cognito-idp create-user-pool \
  --pool-name "$prefix" \
  --username-attributes email \
  --username-configuration CaseSensitive=false \
  --auto-verified-attributes email \
  --user-attribute-update-settings 'AttributesRequireVerificationBeforeUpdate=[email]' \
  --policies "$password_policy" \
  --account-recovery-setting 'RecoveryMechanisms=[{Priority=1,Name=verified_email}]' \
  --admin-create-user-config AllowAdminCreateUserOnly=true \
  --deletion-protection ACTIVE \
  --query UserPool.Id --output text)
say "User pool $pool_id"

# Each user may set up an authenticator app. create-user-pool can set MFA by SMS only.
aws cognito-idp set-user-pool-mfa-config \
  --user-pool-id "$pool_id" \
  --mfa-configuration OPTIONAL \
  --software-token-mfa-configuration Enabled=true >/dev/null

aws cognito-idp create-user-pool-domain \
  --user-pool-id "$pool_id" \
  --domain "$prefix" \
  --managed-login-version 2 >/dev/null

# Rotation excludes ALLOW_REFRESH_TOKEN_AUTH, which is on by default. The login page needs no flow.
client=$(aws cognito-idp create-user-pool-client \
  --user-pool-id "$pool_id" \
  --client-name "$prefix" \
  --generate-secret \
  --allowed-o-auth-flows-user-pool-client \
  --allowed-o-auth-flows code \
  --allowed-o-auth-scopes openid email profile \
  --supported-identity-providers COGNITO \
  --callback-urls "${callback_urls[@]}" \
  --logout-urls "$@" \
  --explicit-auth-flows ALLOW_USER_SRP_AUTH \
  --refresh-token-rotation Feature=ENABLED,RetryGracePeriodSeconds=60 \
  --enable-token-revocation \
  --prevent-user-existence-errors ENABLED \
  --access-token-validity "$token_minutes" \
  --id-token-validity "$token_minutes" \
  --refresh-token-validity "$session_seconds" \
  --token-validity-units AccessToken=minutes,IdToken=minutes,RefreshToken=seconds \
  --query 'UserPoolClient.[ClientId,ClientSecret]' --output text)
read -r client_id client_secret <<<"$client"
say "App client $client_id"

aws cognito-idp create-managed-login-branding \
  --user-pool-id "$pool_id" \
  --client-id "$client_id" \
  --use-cognito-provided-values >/dev/null

aws cognito-idp create-group --user-pool-id "$pool_id" --group-name admins >/dev/null

region=${pool_id%%_*}
[ -z "$env_file" ] || exec >"$env_file"
cat <<ENV
COGNITO_ISSUER=https://cognito-idp.$region.amazonaws.com/$pool_id
COGNITO_DOMAIN=https://$prefix.auth.$region.amazoncognito.com
COGNITO_CLIENT_ID=$client_id
COGNITO_CLIENT_SECRET=$client_secret
APP_BASE_URL=$base_url
AUTH_SESSION_MAX_AGE=$session_seconds
ENV
