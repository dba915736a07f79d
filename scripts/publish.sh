#!/usr/bin/env bash
# publish.sh FILE.vsix [ORGANIZATION ...]: publishes a package, and shares it with the organizations. Signed in by `az` as an identity
# that is a member of the publisher. The token goes to tfx by its standard input: no process list and no log shows it.
set -euo pipefail
package="$1"
shift
[ -f "$package" ] || { echo "There is no package $package." >&2; exit 1; }

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# The version of tfx that the lock file names.
[ -x "$root/node_modules/.bin/tfx" ] || (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund)

# 499b84ac-...: Azure DevOps, of which the Marketplace's publishing side is a part.
token="$(az account get-access-token --resource 499b84ac-1321-427f-aa17-267ca6975798 --query accessToken --output tsv)"
share=()
[ "$#" -eq 0 ] || share=(--share-with "$@")
printf '%s\n' "$token" | "$root/node_modules/.bin/tfx" extension publish --vsix "$package" --no-color "${share[@]}"
