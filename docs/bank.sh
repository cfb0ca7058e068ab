#!/usr/bin/env bash
# A bank's whole life with one loan on a patent-plus-trademark pledge, in fewer than ten calls of the bank,
# against a running sandbox (`make serve`): needs bash, curl and python3. It can be repeated, and stops at the
# first unexpected answer. Every run prints the same, which docs/bank.txt keeps: docs/bank.sh > docs/bank.txt 2>&1
set -euo pipefail

sandbox=${IPOPS_DATA_DIR:-var}/sandbox.json
test -r "$sandbox" || { echo "no $sandbox: start the sandbox first (make serve)" >&2; exit 1; }

pick() { # DOTTED.PATH...: values out of the JSON on standard input, in one line
  python3 -c 'import json, sys
whole, found = json.load(sys.stdin), []
for path in sys.argv[1:]:
    value = whole
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value[name]
    found.append(str(value))
print("  ".join(found))' "$@"
}
of() { pick "clients.$1.$2" < "$sandbox"; } # WHO FIELD: of a sample organisation
say() { printf '\n== %s\n' "$*"; }

if [[ $(pick story < "$sandbox") == pending ]]; then
  echo 'the sandbox is still being filled with its sample years: wait until it says that it is ready' >&2
  exit 1
fi
base=$(pick base_url < "$sandbox")
kept=$(mktemp --directory) # a token for each, and in `calls` a line for each call: who made it
trap 'rm -rf "$kept"' EXIT

token() { # WHO: it lasts ten minutes, longer than this takes
  if [[ ! -s $kept/$1 ]]; then
    curl --silent --show-error --fail "$base/v1/oauth/token" \
      --user "$(of "$1" client_id):$(of "$1" client_secret)" \
      --data grant_type=client_credentials | pick access_token > "$kept/$1"
  fi
  cat "$kept/$1"
}
ask() { # WHO METHOD PATH [JSON]: the answer's body, then its status
  curl --silent --show-error --request "$2" "$base$3" \
    --header "Authorization: Bearer $(token "$1")" \
    --header "Idempotency-Key: bank-$(date +%s%N)-$RANDOM" \
    --header 'Content-Type: application/json' ${4:+--data "$4"} \
    --write-out '\n%{http_code}'
}
ipops() { # WHO METHOD PATH [JSON]: a call that is counted and told, without ids; prints the answer's body
  local answer status
  echo "$1" >> "$kept/calls"
  answer=$(ask "$@")
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  printf '%s: %s %s -> %s\n' "$1" "$2" "$(sed -E 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/{id}/g' <<< "$3")" "$status" >&2
  if [[ $status != 2?? ]]; then
    printf '%s\n' "$answer" >&2
    return 1
  fi
  printf '%s\n' "$answer"
}
yuan() { echo '{"amount": "'"$1"'", "currency": "CNY"}'; }
later() { # DAYS: the business date so many days after today
  date --date "$today + $1 days" +%F
}
pass() { # DAYS: business time moves on; the sandbox's worker does what each day brings
  today=$(later "$1")
  local clock
  clock=$(ipops operator PUT /v1/sandbox/clock '{"business_date": "'"$today"'"}')
  for _ in $(seq 200); do # asking whether it is done yet is not counted
    [[ $(pick status <<< "$clock") != ready ]] || return 0
    sleep 0.5
    clock=$(ask operator GET /v1/sandbox/clock | head --lines 1)
  done
  echo 'the worker has not followed the clock: is it running?' >&2
  return 1
}
free() { # what the pool could still cover
  ipops pool_manager GET "/v1/pools/$pool" | pick capacity.free.amount
}

owner=$(of sme party_id)
buyer=$(of sme_b party_id)
today=$(ipops agency GET /v1/sandbox/clock | pick business_date) # in a sandbox it may have been moved
serial=$(date +%s | tail -c 8)

say 'What is there before: two patents and a trademark of one firm, and a pool with money in it'
invention() { # FIRST_TWELVE_DIGITS: a granted patent of the owner; the last character of its number is a check
  local check
  check=$(python3 -c 'import sys
rest = sum(int(d) * w for d, w in zip(sys.argv[1], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))) % 11
print("X" if rest == 10 else rest)' "$1")
  ipops agency POST /v1/assets '{
    "kind": "patent", "patent_type": "invention", "name": "一种示例装置", "ipc": "B25J 17/00",
    "numbers": {"application": "'"$1.$check"'"},
    "filed_on": "'"${1:0:4}"'-03-15", "granted_on": "2022-08-09",
    "status": "granted", "status_as_of": "'"$today"'", "status_source": "示例数据",
    "owners": [{"party_id": "'"$owner"'"}]}' | pick id
}
patent=$(invention 20211"$serial")
spare=$(invention 20201"$serial")
mark=$(ipops agency POST /v1/assets '{
  "kind": "trademark", "name": "示例商标'"$serial"'", "numbers": {"registration": "6'"$serial"'"},
  "classes": [{"nice_class": 7, "goods": "工业机器人"}], "registered_on": "2022-03-21",
  "status": "registered", "status_as_of": "'"$today"'", "status_source": "示例数据",
  "owners": [{"party_id": "'"$owner"'"}]}' | pick id)
pool=$(ipops pool_manager POST /v1/pools '{
  "name": "示例资金池", "scheme": {"code": "BANK", "effective_from": "2019-01-01", "leverage_multiple": 10,
  "tiers": [{"shares_bp": {"pool": 4000, "bank": 3000, "guarantor": 2000, "insurer": 1000}}],
  "legal_basis": "示例管理办法"}}' | pick id)
ipops pool_manager POST "/v1/pools/$pool/contributions" '{
  "source": "district", "amount": '"$(yuan 1000000.00)"', "occurred_on": "'"$today"'"}' > /dev/null
free

say '1 File the pledge of all three: judged, liens on the rights and cover by the pool, in one transaction'
pledge=$(ipops bank_a POST /v1/pledges '{
  "borrower_id": "'"$owner"'", "pool_id": "'"$pool"'", "principal": '"$(yuan 500000.00)"',
  "debt_from": "'"$today"'", "debt_to": "'"$(later 10)"'",
  "contract": {"number": "示例合同-2", "signed_on": "'"$today"'", "claim_kind": "流动资金借款",
    "security_scope": "本金、利息及实现质权的费用"},
  "items": [{"asset_id": "'"$patent"'", "pledgor_id": "'"$owner"'"},
            {"asset_id": "'"$spare"'", "pledgor_id": "'"$owner"'"},
            {"asset_id": "'"$mark"'", "pledgor_id": "'"$owner"'"}]}')
pick status covered.amount <<< "$pledge"
pledge=/v1/pledges/$(pick id <<< "$pledge")
free

say '2 Record what the office registered, of both kinds: the pledge is established and may be drawn on'
ipops bank_a POST "$pledge/registrations" '{"registrations": [
  {"asset_id": "'"$patent"'", "registration_no": "示例-Y1'"$serial"'", "registered_on": "'"$today"'"},
  {"asset_id": "'"$spare"'", "registration_no": "示例-Y2'"$serial"'", "registered_on": "'"$today"'"},
  {"asset_id": "'"$mark"'", "registration_no": "示例-S'"$serial"'", "registered_on": "'"$today"'",
   "expires_on": "'"$(later 10)"'"}]}' | pick status fully_secured

say '3 Pay out'
ipops bank_a POST "$pledge/loan/drawdowns" '{"amount": '"$(yuan 500000.00)"',
  "drawn_on": "'"$today"'", "reference": "示例放款-1"}' | pick loan.status loan.outstanding.amount

say '4 Five days later money comes in: what is repaid gives capacity back to the pool'
pass 5
ipops bank_a POST "$pledge/loan/repayments" '{"principal": '"$(yuan 200000.00)"', "interest": '"$(yuan 3000.00)"',
  "received_on": "'"$today"'", "reference": "示例还款-1"}' | pick loan.status loan.outstanding.amount
free

say '5 Extend the loan by ten days: the mark is extended at the office first, then the end of the debt moves'
ipops bank_a POST "$pledge/amendments" '{"kind": "extension",
  "changed_on": "'"$today"'", "debt_to": "'"$(later 15)"'", "registrations": [
  {"asset_id": "'"$patent"'", "registered_on": "'"$today"'"},
  {"asset_id": "'"$spare"'", "registered_on": "'"$today"'"},
  {"asset_id": "'"$mark"'", "registered_on": "'"$today"'", "expires_on": "'"$(later 730)"'"}]}' | pick kind status

say '6 Let the second patent go: it is free in the same commit, the others stay pledged'
ipops bank_a POST "$pledge/amendments" '{"kind": "release",
  "changed_on": "'"$today"'", "asset_ids": ["'"$spare"'"], "registrations": [
  {"asset_id": "'"$spare"'", "registered_on": "'"$today"'"}]}' | pick kind status
ipops sme GET "/v1/encumbrances?asset_id=$spare&include=discharged" |
  pick items.0.kind items.0.end_reason items.0.registration.status

say 'The debt falls due and is not paid: the calendar finds it, the bank calls nothing'
pass 16

say '7 Enforce the pledge of the patent by auction; the mark stays pledged'
enforcement=/v1/enforcements/$(ipops bank_a POST "$pledge/enforcements" '{"mode": "auction",
  "opened_on": "'"$today"'", "reason": "示例：到期未还", "reserve": '"$(yuan 300000.00)"',
  "asset_ids": ["'"$patent"'"]}' | pick id)
document=$(ipops operator POST /v1/documents '{"name": "成交确认书.txt", "media_type": "text/plain",
  "content_base64": "'"$(printf '示例成交确认书' | base64 --wrap=0)"'"}' | pick id)
ipops operator POST "$enforcement/sales" '{"grantee_id": "'"$buyer"'", "price": '"$(yuan 350000.00)"',
  "sold_on": "'"$today"'", "document_id": "'"$document"'", "registrations": [
  {"asset_id": "'"$patent"'", "registration_no": "示例手续合格-'"$serial"'", "registered_on": "'"$today"'"}]}' |
  pick status price.amount
ipops agency GET "/v1/assets/$patent" | # the title passed and the lien ended in one commit
  python3 -c 'import json, sys
right = json.load(sys.stdin)
print("the buyer owns it:", [one["party_id"] for one in right["owners"]] == [sys.argv[1]], " tied up by:", right["holds"])' "$buyer"

say '8 Share the price in the legal order: principal, and the surplus to the pledgor'
ipops bank_a POST "$enforcement/distribution" '{"received_on": "'"$today"'"}' | python3 -c 'import json, sys
for one in json.load(sys.stdin)["payments"]:
    print(one["purpose"], one["amount"]["amount"])'
ipops auditor GET "$enforcement/trace" | python3 -c 'import json, sys
print(*dict.fromkeys(one["noun"] for one in json.load(sys.stdin)["links"]))'

say '9 The debt is paid: discharge what is left; the cover ends with it'
ipops bank_a POST "$pledge/deregistrations" '{"reason": "debt_paid", "deregistered_on": "'"$today"'"}' |
  pick status items.0.status items.1.status items.2.status
free
ipops sme GET "/v1/encumbrances?asset_id=$mark&include=discharged" | # by its days it stays on record
  pick items.0.kind items.0.end_reason items.0.registration.status

say 'Done'
mine=$(grep --count '^bank_a$' "$kept/calls")
echo "$mine calls by the bank; $(grep --count --invert-match '^bank_a$' "$kept/calls") by the others (firm, agency, operator with the sandbox's clock, pool, auditor)"
(( mine < 10 ))
