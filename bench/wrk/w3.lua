-- W3: payments posted before, by w2.lua with the same seed, threads, side, accounts and mode. Options: common.lua.
local common = dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "common.lua")

function init(args)
  local options = common.options(args)
  assert(options.count and options.count > 0, "w3 needs count=")
  common.post(options, "true")
end
