#!/usr/bin/env bash
# The golden manifest under an independent SUIT and COSE implementation; the expected values are those it was made from.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 tests/interop/suit_check.py \
    --envelope schemas/tests/vectors/release-70.suit.hex \
    --public-key ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c \
    --vendor acme.example --model sensor-a --sequence 70 --version 1.4.0 \
    --image-sha256 9dfb69e5f145178fcbae5639e352959e79c02159ec173c8c7d9e25b8bac67e78 --image-size 14
