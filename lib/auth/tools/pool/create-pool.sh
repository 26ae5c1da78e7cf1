#!/usr/bin/env bash
# The same user pool as template.yaml, by the AWS CLI, for a first try: it creates, and never changes what is there.
#
# NOT RUN AGAINST AWS. Every option was checked against the API's own model.
#
#   bash lib/auth/tools/pool/create-pool.sh -o .env.local my-app http://localhost:3000
#
# -o names a new file for the variables, which only its owner can read: the client secret is among them. Without it they
# are printed. The first argument is the prefix of the login domain, the second where people open the app. Further arguments are
# more such addresses, whose callback and sign-out URLs are registered too. Region and credentials are the AWS CLI's.
set -euo pipefail

umask 077
env_file=
if [ "${1-}" = -o ] && [ -n "${2-}" ]; then
  env_file=$2
  shift 2
  if [ -e "$env_file" ]; then
    echo "$env_file is there already" >&2
    exit 2
  fi
fi
if [ $# -lt 2 ]; then
  echo "Usage: create-pool.sh [-o <new file>] <domain prefix> <APP_BASE_URL> [<another address of the app> ...]" >&2
  exit 2
fi
case $(aws --version 2>&1) in
aws-cli/1*) # It would fetch the URLs below, and pass what they answer.
  echo "AWS CLI 2 is needed" >&2
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
    echo "$url: no slash at the end, no query, none of , @ or spaces" >&2
    exit 2
    ;;
  https://* | http://localhost | http://localhost[:/]* | http://127.0.0.1 | http://127.0.0.1[:/]* | http://\[::1\] | http://\[::1\][:/]*) ;;
  *)
    echo "$url: https, or http on localhost" >&2
    exit 2
    ;;
  esac
  callback_urls+=("$url/auth/callback")
done
session_seconds=2592000 # A session's length: AUTH_SESSION_MAX_AGE.
token_minutes=60        # Access and ID token.
# Length instead of kinds of characters (NIST SP 800-63B).
no_kinds=RequireLowercase=false,RequireUppercase=false,RequireNumbers=false,RequireSymbols=false
password_policy="PasswordPolicy={MinimumLength=12,$no_kinds,TemporaryPasswordValidityDays=7}"

say() { echo "$*" >&2; }
pool_id=
trap 'say "Stopped halfway${pool_id:+. Delete user pool $pool_id (its domain first) before another try}."' ERR

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

# Each user may set up an authenticator app. create-user-pool itself knows MFA by SMS only.
aws cognito-idp set-user-pool-mfa-config \
  --user-pool-id "$pool_id" \
  --mfa-configuration OPTIONAL \
  --software-token-mfa-configuration Enabled=true >/dev/null

aws cognito-idp create-user-pool-domain \
  --user-pool-id "$pool_id" \
  --domain "$prefix" \
  --managed-login-version 2 >/dev/null

# Rotation excludes ALLOW_REFRESH_TOKEN_AUTH, which is on when no flows are named. The login page needs none.
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
