#!/usr/bin/env bash
# A tour of the API against a running sandbox (`make serve`): needs bash, curl and python3.
# Every run registers rights of its own, so it can be repeated. It stops at the first unexpected answer.
set -euo pipefail

sandbox=${IPOPS_DATA_DIR:-var}/sandbox.json
test -r "$sandbox" || { echo "no $sandbox: start the sandbox first (make serve)" >&2; exit 1; }

pick() { # DOTTED.PATH: one value out of the JSON on standard input
  python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value[name]
print(value)' "$1"
}
of() { pick "clients.$1.$2" < "$sandbox"; } # WHO FIELD: of a sample organisation
say() { printf '\n== %s\n' "$*"; }

base=$(pick base_url < "$sandbox")

# 1. A token is an OAuth2 client-credentials token; it lasts ten minutes.
token() { # WHO
  curl --silent --show-error --fail "$base/v1/oauth/token" \
    --user "$(of "$1" client_id):$(of "$1" client_secret)" \
    --data grant_type=client_credentials | pick access_token
}

# 2. Every call carries a token; every call that changes something a key, so that a retry has one effect.
ipops() { # WHO METHOD PATH [JSON]: prints the answer's body, and a line about it to standard error
  local answer status
  answer=$(curl --silent --show-error --request "$2" "$base$3" \
    --header "Authorization: Bearer $(token "$1")" \
    --header "Idempotency-Key: ${key:-tour-$(date +%s%N)-$RANDOM}" \
    --header 'Content-Type: application/json' ${4:+--data "$4"} \
    --write-out '\n%{http_code}')
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  printf '%s: %s %s -> %s\n' "$1" "$2" "$3" "$status" >&2
  if [[ $status != ${expect:-2??} ]]; then
    printf '%s\n' "$answer" >&2
    return 1
  fi
  printf '%s\n' "$answer"
}

owner=$(of sme party_id)
today=$(ipops agency GET /v1/sandbox/clock | pick business_date) # in a sandbox it may have been moved
serial=$(date +%s | tail -c 8)
digits=20211$serial
check=$(python3 -c 'import sys
rest = sum(int(d) * w for d, w in zip(sys.argv[1], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))) % 11
print("X" if rest == 10 else rest)' "$digits")

say 'Register a patent and a trademark of one owner'
patent=$(ipops agency POST /v1/assets '{
  "kind": "patent", "patent_type": "invention", "name": "一种示例装置", "ipc": "B25J 17/00",
  "numbers": {"application": "'"$digits.$check"'"},
  "filed_on": "2021-03-15", "granted_on": "2022-08-09",
  "status": "granted", "status_as_of": "'"$today"'", "status_source": "示例数据",
  "owners": [{"party_id": "'"$owner"'"}]}' | pick id)
trademark=$(ipops agency POST /v1/assets '{
  "kind": "trademark", "name": "示例商标", "numbers": {"registration": "6'"$serial"'"},
  "classes": [{"nice_class": 7, "goods": "工业机器人"}], "registered_on": "2022-03-21",
  "status": "registered", "status_as_of": "'"$today"'", "status_source": "示例数据",
  "owners": [{"party_id": "'"$owner"'"}]}' | pick id)

say 'List the patent for licence: the agency drafts and submits, the operator publishes'
listing=$(ipops agency POST /v1/listings '{
  "direction": "offer", "mode": "ordinary_licence", "name": "示例装置普通许可", "description": "示例",
  "price": {"amount": "50000.00", "currency": "CNY"}, "expires_on": "2099-12-31",
  "asset_ids": ["'"$patent"'"], "owner_id": "'"$owner"'"}' | pick id)
ipops agency POST "/v1/listings/$listing/submission" > /dev/null
ipops operator POST "/v1/listings/$listing/approval" | pick status
curl --silent --fail "$base/v1/public/listings?limit=1" > /dev/null # anybody may look, without a token

say 'Open a risk-compensation pool and pay money in'
pool=$(ipops pool_manager POST /v1/pools '{
  "name": "示例资金池", "scheme": {"code": "TOUR", "effective_from": "2019-01-01", "leverage_multiple": 10,
  "shares_bp": {"pool": 4000, "bank": 3000, "guarantor": 2000, "insurer": 1000},
  "legal_basis": "示例管理办法"}}' | pick id)
ipops pool_manager POST "/v1/pools/$pool/contributions" '{
  "source": "district", "amount": {"amount": "1000000.00", "currency": "CNY"},
  "occurred_on": "'"$today"'"}' > /dev/null

say 'File a mixed pledge carelessly: every objection comes in one answer, and nothing is kept'
filing() { # CONTRACT DEBT_TO PRINCIPAL
  echo '{"borrower_id": "'"$owner"'", "pool_id": "'"$pool"'",
    "principal": {"amount": "'"$3"'", "currency": "CNY"}, "debt_from": "'"$today"'", "debt_to": "'"$2"'",
    "contract": '"$1"',
    "items": [{"asset_id": "'"$patent"'", "pledgor_id": "'"$owner"'"},
              {"asset_id": "'"$trademark"'", "pledgor_id": "'"$owner"'"}]}'
}
expect=409 ipops bank_a POST /v1/pledges "$(filing '{}' 2045-01-01 20000000.00)" | python3 -c 'import json, sys
for one in json.load(sys.stdin)["violations"]:
    print(one["code"], one["message_zh"], one["basis"] or "", sep="  ")'

say 'File it well: liens on both rights and cover by the pool, in one transaction'
contract='{"number": "示例合同-1", "signed_on": "'"$today"'", "claim_kind": "流动资金借款",
  "security_scope": "本金、利息及实现质权的费用"}'
good=$(filing "$contract" 2030-12-31 500000.00)
answer=$(key=tour-filing-$serial ipops bank_a POST /v1/pledges "$good")
again=$(key=tour-filing-$serial ipops bank_a POST /v1/pledges "$good")
test "$answer" = "$again" # the same key: the same answer, one pledge
pledge=$(pick id <<< "$answer")
echo "$(pick number <<< "$answer")  covered $(pick covered.amount <<< "$answer")"
ipops bank_a GET "/v1/pools/$pool" | pick capacity.free.amount

say 'Another bank learns that the rights are pledged, not to whom'
expect=409 ipops bank_b POST /v1/pledges "$good" | pick violations.0.facts
expect=404 ipops bank_b GET "/v1/pledges/$pledge" | pick title

say 'Record the registrations of the office: the financing counts from now on'
ipops bank_a POST "/v1/pledges/$pledge/registrations" '{"registrations": [
  {"asset_id": "'"$patent"'", "registration_no": "示例-Y'"$serial"'", "registered_on": "'"$today"'"},
  {"asset_id": "'"$trademark"'", "registration_no": "示例-S'"$serial"'", "registered_on": "'"$today"'",
   "expires_on": "2030-12-31"}]}' | pick mixed_on

say 'Follow the events: each has a number in its chain of seals'
sealed=
for _ in $(seq 60); do
  after=0
  while :; do
    feed=$(ipops bank_a GET "/v1/events?type=pledge.registered&limit=100&after=$after" 2> /dev/null)
    if [[ $feed == *"$pledge"* ]]; then sealed=yes; break 2; fi
    after=$(pick next_cursor <<< "$feed")
    [[ $(pick has_more <<< "$feed") == True ]] || break
  done
  sleep 0.5
done
test -n "$sealed" || { echo 'the event was not sealed: is the worker running?' >&2; exit 1; }
python3 -c 'import json, sys
for one in json.load(sys.stdin)["items"][-3:]:
    print(one["stream"], one["seq"], one["type"], one["occurred_on"], one["payload"].get("number"))' <<< "$feed"

say 'Ask for the figure as it was known at an instant, then for the facts behind it'
year=${today%%-*}
as_of=$(date --utc +%FT%T.%6NZ)
question="district=120110&from=$year&to=$year&as_of=$as_of"
figure=$(ipops ip_office GET "/v1/statistics/pledge_financing_amount?$question")
echo "$(pick cells.0.amount <<< "$figure") CNY, $(pick cells.0.facts <<< "$figure") facts," \
  "known by seal $(pick seals <<< "$figure")"
ipops ip_office GET "/v1/statistics/pledge_financing_amount/rows?$question&limit=3" | python3 -c 'import json, sys
for one in json.load(sys.stdin)["items"]:
    print(one["occurred_on"], one["amount"], one["source_noun"], one["source_id"])'

say 'Done'
