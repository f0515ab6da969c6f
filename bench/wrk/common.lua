-- What w1.lua, w2.lua and w3.lua share. A script is called as
--
--   wrk -t T -c C -d S --latency -s bench/wrk/w2.lua http://127.0.0.1:PORT/graphql -- key=value …
--
--   side      granary, naive, mercurius or postgraphile
--   accounts  numbers 0 to accounts - 1 are asked for and posted to
--   mode      a: 0.01 to 1.00 yuan; b: exactly the principal of a bill, 50.00 yuan and more by the account's number
--   tokens    granary: a file with a token a line, sent in turn; one line is one channel (W2-hot)
--   channels  the others, which have no tokens: BANK-1 to BANK-n in turn; 1 unless told
--   seed      draws accounts and amounts and begins every key: another for each run of w2, the same for its w3
--   count     w3: how many payments of each thread are posted again, at most `posted_each` of the w2 before
--
-- Lua runs in wrk's own threads, so each request is put together from parts that are made once.

local common = {}
local threads = {}

function setup(thread)
  thread:set("thread_number", #threads + 1)
  table.insert(threads, thread)
end

function common.options(args)
  local options = { accounts = "180000", mode = "a", channels = "1", seed = "1" }
  for _, arg in ipairs(args) do
    local name, value = arg:match("^(%w+)=(.*)$")
    if not name then
      error("not key=value: " .. arg)
    end
    options[name] = value
  end
  for _, name in ipairs({ "accounts", "channels", "seed", "count" }) do
    options[name] = tonumber(options[name])
  end
  return options
end

-- Everything before the body's length, once for each token or channel, and each one's channel.
function common.heads(options)
  local heads, channels = {}, {}
  local function add(header, value, channel)
    local head = wrk.format("POST", nil, { Host = wrk.headers["Host"], ["Content-Type"] = "application/json", [header] = value }, "")
    head = head:gsub("Content%-Length: 0\r\n", ""):gsub("\r\n\r\n$", "\r\nContent-Length: ")
    table.insert(heads, head)
    table.insert(channels, channel)
  end
  if options.side == "granary" then
    for token in io.lines(options.tokens) do
      add("Authorization", "Bearer " .. token, "")
    end
  else
    for n = 1, options.channels do
      add("X-Channel", "BANK-" .. n, "BANK-" .. n)
    end
  end
  return heads, channels
end

-- The numbers of one thread in turn, the same for the same seed and thread (Lehmer's generator).
function common.draws(seed, thread_number)
  local first = (seed * 1000003 + thread_number * 7919) % 2147483646 + 1
  local state = first
  local function draw()
    state = state * 48271 % 2147483647
    return state
  end
  local function restart()
    state = first
  end
  -- The first number after a seed still looks like the seed.
  draw()
  first = state
  return draw, restart
end

-- Counts what is wrong: an answer must be 200 and hold the text, or the other text where there is one.
function common.watch(expected)
  bad_statuses, bad_bodies, first_bad = 0, 0, ""
  local find = string.find
  function response(status, _, body)
    if status ~= 200 then
      bad_statuses = bad_statuses + 1
    elseif not find(body, expected, 1, true) then
      bad_bodies = bad_bodies + 1
    else
      return
    end
    if first_bad == "" then
      first_bad = status .. " " .. body:sub(1, 300)
    end
  end
end

local POST = "mutation($input:PaymentPostInput!){paymentPost(input:$input){replayed userErrors{code} payment{receiptNumber}}}"
local POST_POSTGRAPHILE =
  "mutation($input:PostPaymentInput!){postPayment(input:$input){result{replayed refusalCode receiptNumber}}}"

-- Posts for w2 and w3: the same payments in the same order for the same seed; from the first again after `count`.
function common.post(options, replayed)
  local heads, channels = common.heads(options)
  local draw, restart = common.draws(options.seed, thread_number)
  local prefix = string.format("%s-%02d-", options.seed, thread_number)
  local format, floor, accounts, count = string.format, math.floor, options.accounts, options.count
  local is_postgraphile, is_small = options.side == "postgraphile", options.mode == "a"
  local before, between, after = "", '","accountNumber":"', '"}}}'
  if is_postgraphile then
    before, between = '{"query":"' .. POST_POSTGRAPHILE .. '","variables":{"input":{"pKey":"', '","pAccount":"'
    common.watch('"replayed":' .. replayed .. ',"refusalCode":null')
  else
    before = '{"query":"' .. POST .. '","variables":{"input":{"idempotencyKey":"'
    common.watch('"replayed":' .. replayed .. ',"userErrors":[]')
  end
  local tails = {}
  for n, channel in ipairs(channels) do
    tails[n] = is_postgraphile and '","pChannel":"' .. channel .. '","pAmount":"' or '","amount":"'
  end
  requested = 0
  local n = 0
  function request()
    if n == count then
      -- Not from the first, which wrk draws in its first thread to look at and doesn't send.
      n = 1
      restart()
      draw()
    end
    n = n + 1
    requested = requested + 1
    local drawn = draw()
    local account = drawn % accounts
    local fen = is_small and 1 + floor(drawn / accounts) % 100 or 5000 + account % 200 * 100
    local amount = is_postgraphile and fen or format("%d.%02d", fen / 100, fen % 100)
    -- A key belongs to its channel, so the channel follows from the key's number.
    local way = n % #heads + 1
    local body = before .. prefix .. n .. between .. format("%010d", account) .. tails[way] .. amount .. after
    return heads[way] .. #body .. "\r\n\r\n" .. body
  end
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return string.format("\\u%04x", c:byte())
  end) .. '"'
end

-- One line of JSON. The last requests may not have been answered: `posted_each` is a number of payments that every
-- thread has certainly posted.
function done(summary, latency)
  local statuses, bodies, first, least = 0, 0, "", math.huge
  for _, thread in ipairs(threads) do
    statuses = statuses + thread:get("bad_statuses")
    bodies = bodies + thread:get("bad_bodies")
    first = first == "" and thread:get("first_bad") or first
    least = math.min(least, thread:get("requested"))
  end
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"errors":{"status":%d,"body":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d},'
      .. '"first_error":%s,"posted_each":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration, statuses, bodies, errors.connect, errors.read, errors.write, errors.timeout,
    quoted(first), math.floor(least / 2), latency:percentile(50), latency:percentile(99), latency.max
  ))
end

return common
