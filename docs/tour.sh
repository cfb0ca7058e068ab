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

if [[ $(pick story < "$sandbox") == pending ]]; then
  echo 'the sandbox is still being filled with its sample years: wait until it says that it is ready' >&2
  exit 1
fi
base=$(pick base_url < "$sandbox")

# 1. A token is an OAuth2 client-credentials token; it lasts ten minutes.
token() { # WHO
  curl --silent --show-error --fail "$base/v1/oauth/token" \
    --user "$(of "$1" client_id):$(of "$1" client_secret)" \
    --data grant_type=client_credentials | pick access_token
}

# 2. Every call carries a token; every call that changes something a key, so that a retry has one effect.
# `expect` is the status that must come back, `seen` the version that the caller has seen.
ipops() { # WHO METHOD PATH [JSON]: prints the answer's body, and a line about it to standard error
  local answer status
  answer=$(curl --silent --show-error --request "$2" "$base$3" \
    --header "Authorization: Bearer $(token "$1")" \
    --header "Idempotency-Key: ${key:-tour-$(date +%s%N)-$RANDOM}" \
    ${seen:+--header "If-Match: \"$seen\""} \
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

objections() { # the violations of a refusal on standard input: code, Chinese text, legal basis
  python3 -c 'import json, sys
for one in json.load(sys.stdin)["violations"]:
    print(one["code"], one["message_zh"], one["basis"] or "", sep="  ")'
}
paper() { # WHO NAME: keeps a document, prints its id
  ipops "$1" POST /v1/documents '{"name": "'"$2"'.txt", "media_type": "text/plain",
    "content_base64": "'"$(printf '示例文件：%s' "$2" | base64 --wrap=0)"'"}' | pick id
}
later() { # DAYS: the business date so many days after today
  date --date "$today + $1 days" +%F
}

owner=$(of sme party_id)
buyer=$(of sme_b party_id)
today=$(ipops agency GET /v1/sandbox/clock | pick business_date) # in a sandbox it may have been moved
serial=$(date +%s | tail -c 8)

say 'Register a patent and a trademark of one owner'
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
trademark=$(ipops agency POST /v1/assets '{
  "kind": "trademark", "name": "示例商标'"$serial"'", "numbers": {"registration": "6'"$serial"'"},
  "classes": [{"nice_class": 7, "goods": "工业机器人"}], "registered_on": "2022-03-21",
  "status": "registered", "status_as_of": "'"$today"'", "status_source": "示例数据",
  "owners": [{"party_id": "'"$owner"'"}]}' | pick id)

say 'List the patent for licence: the agency drafts and submits, the operator publishes'
list() { # MODE ASSET PRICE: a published listing
  local listing
  listing=$(ipops agency POST /v1/listings '{
    "direction": "offer", "mode": "'"$1"'", "name": "示例装置", "description": "示例",
    "price": {"amount": "'"$3"'", "currency": "CNY"}, "expires_on": "2099-12-31",
    "asset_ids": ["'"$2"'"], "owner_id": "'"$owner"'"}' | pick id)
  ipops agency POST "/v1/listings/$listing/submission" > /dev/null
  ipops operator POST "/v1/listings/$listing/approval" | pick id
}
listing=$(list ordinary_licence "$patent" 50000.00)
curl --silent --fail "$base/v1/public/listings?limit=1" > /dev/null # anybody may look, without a token

say 'Open a risk-compensation pool and pay money in'
pool=$(ipops pool_manager POST /v1/pools '{
  "name": "示例资金池", "scheme": {"code": "TOUR", "effective_from": "2019-01-01", "leverage_multiple": 10,
  "tiers": [{"shares_bp": {"pool": 4000, "bank": 3000, "guarantor": 2000, "insurer": 1000}}],
  "legal_basis": "示例管理办法"}}' | pick id)
ipops pool_manager POST "/v1/pools/$pool/contributions" '{
  "source": "district", "amount": {"amount": "1000000.00", "currency": "CNY"},
  "occurred_on": "'"$today"'"}' > /dev/null
central=$(ipops pool_manager POST "/v1/pools/$pool/sources" '{
  "type": "central", "name": "示例中央资金", "eligible_ip": ["patent"], "effective_from": "'"$today"'"}' | pick id)
ipops pool_manager POST "/v1/pools/$pool/contributions" '{
  "source_id": "'"$central"'", "amount": {"amount": "500000.00", "currency": "CNY"},
  "occurred_on": "'"$today"'"}' > /dev/null # may pay for pledges of patents only

say 'File a mixed pledge carelessly: every objection comes in one answer, and nothing is kept'
filing() { # CONTRACT DEBT_TO PRINCIPAL
  echo '{"borrower_id": "'"$owner"'", "pool_id": "'"$pool"'",
    "principal": {"amount": "'"$3"'", "currency": "CNY"}, "debt_from": "'"$today"'", "debt_to": "'"$2"'",
    "contract": '"$1"',
    "items": [{"asset_id": "'"$patent"'", "pledgor_id": "'"$owner"'"},
              {"asset_id": "'"$trademark"'", "pledgor_id": "'"$owner"'"}]}'
}
expect=409 ipops bank_a POST /v1/pledges "$(filing '{}' 2045-01-01 20000000.00)" | objections

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

say 'Why can the patent not be pledged again? Every obstacle, with its basis and the shortest way out'
ipops sme GET "/v1/assets/$patent/blockers?action=pledge&debt_to=2030-12-31" | python3 -c 'import json, sys
answer = json.load(sys.stdin)
print("possible:", answer["possible"])
for one in answer["blockers"]:
    ways = [way["message_zh"] for way in one["remedies"]] or ["无 (none)"]
    print(one["code"], one["message_zh"], "→", *ways)'

say 'Certify what hangs on the patent today; whoever holds the code can verify it, nobody learns the lender'
certificate=$(ipops sme POST /v1/certificates '{"asset_id": "'"$patent"'"}')
page=$(mktemp)
curl --silent --fail "$base/v1/certificates/$(pick id <<< "$certificate")/file" \
  --header "Authorization: Bearer $(token sme)" --output "$page"
echo "$(pick number <<< "$certificate")  $(head --bytes 8 "$page")  $(wc --bytes < "$page") bytes"
rm "$page"
curl --silent --fail "$base/v1/certificates/verification/$(pick code <<< "$certificate")" | pick verdict

say 'A court preserves the patent for half a year: the same question has one more answer, the certificate is overtaken'
ipops operator POST "/v1/assets/$patent/stays" '{"kind": "preservation", "authority": "示例市中级人民法院",
  "reference": "（示例）民初'"$serial"'号", "begins_on": "'"$today"'", "ends_on": "'"$(later 170)"'"}' > /dev/null
ipops sme GET "/v1/assets/$patent/blockers?action=pledge" | python3 -c 'import json, sys
print(*(one["code"] for one in json.load(sys.stdin)["blockers"]))'
curl --silent --fail "$base/v1/certificates/verification/$(pick code <<< "$certificate")" | pick verdict_zh
stay=$(ipops operator GET "/v1/assets/$patent/stays" | pick items.0.id)
ipops operator POST "/v1/assets/$patent/stays/$stay/lifting" '{"lifted_on": "'"$today"'", "reason": "示例：解除保全裁定"}' | pick status

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

say 'The owner authorises the agency: whoever signs for another needs a mandate'
ipops sme POST /v1/mandates '{
  "owner_id": "'"$owner"'", "organisation_id": "'"$(of agency organisation_id)"'",
  "powers": ["list", "negotiate", "sign"], "asset_ids": ["'"$patent"'"],
  "term_from": "'"$today"'", "term_to": "'"$(later 365)"'"}' | pick status

say 'License the pledged patent: refused, for the pledgee was not asked'
licence() { # LICENSEE: an ordinary licence for three years, agreed and ready to be signed
  local deal
  deal=$(ipops agency POST /v1/deals '{
    "kind": "licence", "licence_type": "ordinary", "grantor_id": "'"$owner"'", "grantee_id": "'"$1"'",
    "asset_ids": ["'"$patent"'"], "term_from": "'"$today"'", "term_to": "'"$(later 1095)"'",
    "amount": {"amount": "50000.00", "currency": "CNY"}, "listing_id": "'"$listing"'"}' | pick id)
  ipops agency POST "/v1/deals/$deal/agreement" | pick id
}
deal=$(licence "$buyer")
signed='{"signed_on": "'"$today"'"}'
expect=409 ipops agency POST "/v1/deals/$deal/signature" "$signed" | objections

say 'The owner asks, the bank consents to one licence, and the same signature succeeds'
consent=$(ipops sme POST /v1/consents/requests '{
  "kind": "pledgee", "action": "licence", "licence_type": "ordinary", "asset_ids": ["'"$patent"'"]}' | pick id)
ipops bank_a POST "/v1/consents/$consent/grant" '{"max_uses": 1, "proceeds": "early_repayment",
  "floor": {"amount": "40000.00", "currency": "CNY"}}' > /dev/null
ipops agency POST "/v1/deals/$deal/signature" "$signed" | pick status
echo "the consent is $(ipops sme GET "/v1/consents/$consent" | pick status)"

say 'A second licence is refused: the consent was for one'
another=$(licence "$(of sme_bh party_id)")
expect=409 ipops agency POST "/v1/deals/$another/signature" "$signed" | objections

say 'Sell another patent: the owner authorises the agency; listing, offer, counter-offer, acceptance'
sold=$(invention 20201"$serial")
owners() { # the chain of title of the patent that is sold
  ipops agency GET "/v1/assets/$sold/titles" | python3 -c 'import json, sys
for one in json.load(sys.stdin)["items"]:
    print(one["name"], one["acquired_on"] or "", "-", one["ceased_on"] or "")'
}
owners
ipops sme POST /v1/mandates '{"owner_id": "'"$owner"'", "organisation_id": "'"$(of agency organisation_id)"'",
  "powers": ["list", "negotiate", "sign"], "asset_ids": ["'"$sold"'"],
  "term_from": "'"$today"'", "term_to": "'"$(later 365)"'"}' | pick status
offer=$(ipops sme_b POST "/v1/listings/$(list transfer "$sold" 800000.00)/offers" '{
  "amount": {"amount": "600000.00", "currency": "CNY"}, "expires_on": "'"$(later 30)"'"}')
path=/v1/offers/$(pick id <<< "$offer")
offer=$(seen=$(pick version <<< "$offer") ipops agency POST "$path/rounds" '{
  "amount": {"amount": "750000.00", "currency": "CNY"}}')
transfer=$(seen=$(pick version <<< "$offer") ipops sme_b POST "$path/acceptance" | pick deal_id)

say 'Agree, sign, file; the office registers, and with that the title passes'
ipops agency POST "/v1/deals/$transfer/agreement" | pick amount.amount
ipops agency POST "/v1/deals/$transfer/signature" "$signed" | pick status
ipops agency POST "/v1/deals/$transfer/filing" '{"filed_on": "'"$today"'"}' | pick status
ipops operator POST "/v1/deals/$transfer/registration" '{
  "registration_no": "示例手续合格-'"$serial"'", "registered_on": "'"$today"'"}' | pick status
ipops agency POST "/v1/deals/$transfer/settlement" '{"kind": "direct", "settled_on": "'"$today"'"}' | pick status
owners

say 'The loan goes bad: the bank classifies it and claims; loss, shares and evidence come from the record'
ipops bank_a POST "/v1/pledges/$pledge/classifications" '{
  "loan_class": "substandard", "outstanding": {"amount": "300000.00", "currency": "CNY"},
  "overdue_days": 95, "occurred_on": "'"$today"'"}' > /dev/null
claim=$(ipops bank_a POST /v1/claims '{
  "pledge_id": "'"$pledge"'", "default_on": "'"$today"'", "trigger": "overdue"}')
shares() { # how a claim's loss is shared: party, due, borne, recovered
  python3 -c 'import json, sys
for one in json.load(sys.stdin)["shares"]:
    print(one["party"], *(one[name]["amount"] for name in ("due", "borne", "recovered")))'
}
shares <<< "$claim"
claim=/v1/claims/$(pick id <<< "$claim")
echo "the pool is $(ipops pool_manager GET "/v1/pools/$pool" | pick status)" # its one loan is bad

say 'Four pairs of hands: manager, IP office, finance office, and treasury once the claim was public'
approved='{"decision": "approved"}'
ipops pool_manager GET "$claim/evidence" | pick reproduced # the record still yields the evidence
ipops pool_manager POST "$claim/check" "$approved" | pick status
ipops ip_office POST "$claim/approval" "$approved" | pick status
ipops finance_office POST "$claim/approval" "$approved" | pick status
expect=409 ipops treasury POST "$claim/payment" | objections

say 'Move the sandbox to the first day of payment; its worker does what each day brings'
today=$(ipops treasury GET "$claim" | pick payable_from)
clock=$(ipops operator PUT /v1/sandbox/clock '{"business_date": "'"$today"'"}')
for _ in $(seq 100); do
  [[ $(pick status <<< "$clock") != ready ]] || break
  sleep 0.5
  clock=$(ipops operator GET /v1/sandbox/clock 2> /dev/null)
done
echo "$today $(pick status <<< "$clock")"
ipops treasury GET "$claim/settlement" | pick payable.amount # what would be paid, with every limit
paid=$(ipops treasury POST "$claim/payment")
pick paid.amount <<< "$paid"

say 'Whose money it was: a pledge with a trademark was not paid out of money for patents'
ipops auditor GET "/v1/pools/$pool/lineage?transfer_id=$(pick transfer_id <<< "$paid")" | python3 -c 'import json, sys
for one in json.load(sys.stdin)["parts"]:
    print(one["source_name"], one["contributed_on"], one["amount"]["amount"])'

say 'Some of it comes back, and goes to those who bore the loss'
ipops bank_a POST "$claim/recoveries" '{"source": "pledge_realisation", "occurred_on": "'"$today"'",
  "gross": {"amount": "100000.00", "currency": "CNY"}, "cost": {"amount": "10000.00", "currency": "CNY"}}' | shares

say 'The books: debits are credits, the account follows without a gap, and figures are the ledger'"'"'s movements'
ipops auditor GET "/v1/pools/$pool/trial-balance" | python3 -c 'import json, sys
for one in json.load(sys.stdin)["accounts"]:
    if one["totals"]["balance"]["amount"] != "0.00":
        print(one["code"], one["name"], one["normal_side"], one["totals"]["balance"]["amount"])'
cash=$(ipops auditor GET "/v1/pools/$pool/accounts" | python3 -c 'import json, sys
print(next(one["id"] for one in json.load(sys.stdin) if one["code"] == "cash"))')
ipops auditor GET "/v1/pools/$pool/accounts/$cash/statement?from=$(later -30)&to=$today" | pick closing.totals.balance.amount
ipops auditor GET "/v1/pools/$pool/ties?from=$(later -30)&to=$today" | pick tied

say 'The pool stays suspended while the loan is bad; once the rest is written off, the finance office releases it'
permit=$(paper finance_office 解除暂停的批复)
release() {
  ipops finance_office POST "/v1/pools/$pool/release" '{"reason": "示例：不良贷款已核销", "document_id": "'"$permit"'"}'
}
expect=409 release | objections
ipops treasury POST "$claim/write-off" '{"reason": "示例：终结执行",
  "document_id": "'"$(paper treasury 终结执行裁定)"'"}' | pick status
release | pick status

say 'Report a figure for the plan with its evidence; another must check it'
observation=$(ipops ip_office_clerk POST /v1/observations '{
  "plan": "DL", "indicator": "DL-02", "year": 2022, "value": "16",
  "document_id": "'"$(paper ip_office_clerk 专利导航项目清单)"'"}' | pick id)
expect=409 ipops ip_office_clerk POST "/v1/observations/$observation/decision" "$approved" | objections
ipops ip_office POST "/v1/observations/$observation/decision" "$approved" | pick status

say 'Read the scoreboard of the plan as an auditor, and drill into a figure'
board=$(ipops auditor GET "/v1/plans/$(pick plan.DL < "$sandbox")/scoreboard")
python3 -c 'import json, sys
board = json.load(sys.stdin)
for one in board["indicators"]:
    if one["code"] in {"DL-02", "DL-09", "DL-12", "DL-13"}:
        print(one["code"], one["name_zh"], one["display"] or "—", one["target"]["text"], one["status"], sep="  ")
print(board["on"], {status: many for status, many in board["summary"].items() if many})' <<< "$board"
drill=$(python3 -c 'import json, sys
found = {one["code"]: one for one in json.load(sys.stdin)["indicators"]}
print(found["DL-12"]["drill"][0])' <<< "$board")
ipops auditor GET "$drill&limit=3" | python3 -c 'import json, sys
for one in json.load(sys.stdin)["items"]: # none in a sandbox without the sample years
    print(one["occurred_on"], one["value"], one["source_noun"], one["source_id"])'

say 'Done'
