-- W1: one account's open bills. Options: common.lua.
local common = dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "common.lua")

local QUERY = "query($n:String!){account(number:$n){name status amountDue bills(filter:{status:[OPEN,PARTLY_PAID]})"
  .. "{nodes{number period dueOn principal penalty paid amountDue isPayable}}}}"
local QUERY_POSTGRAPHILE = "query($n:String!){account:accountByAccountNumber(accountNumber:$n){name status amountDue "
  .. "openBillsList{billNumber period dueOn principalFen penalty paid amountDue isPayable}}}"

function init(args)
  local options = common.options(args)
  local heads = common.heads(options)
  local draw = common.draws(options.seed, thread_number)
  local query = options.side == "postgraphile" and QUERY_POSTGRAPHILE or QUERY
  local before, after = '{"query":"' .. query .. '","variables":{"n":"', '"}}'
  -- An account number has ten digits, so every body is as long.
  local length = #before + 10 + #after
  for n, head in ipairs(heads) do
    heads[n] = head .. length .. "\r\n\r\n" .. before
  end
  common.watch('{"data":{"account":{"name":"')
  local format, accounts = string.format, options.accounts
  requested = 0
  function request()
    requested = requested + 1
    return heads[requested % #heads + 1] .. format("%010d", draw() % accounts) .. after
  end
end
