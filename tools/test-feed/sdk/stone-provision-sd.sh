#!/bin/bash
# Profile sd: the disk, and a count of how often it was written, to show the state file.
set -euo pipefail
bash "$(dirname "$0")/stone-provision-img.sh"
count=$(cat "$AVOCADO_PROVISION_STATE" 2>/dev/null || echo 0)
echo $((count + 1)) >"$AVOCADO_PROVISION_STATE"
echo "written $((count + 1)) times" >"$AVOCADO_PROVISION_OUT/sd.txt"
