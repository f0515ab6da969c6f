-- W2: one new payment per request. Options: common.lua.
local common = dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "common.lua")

function init(args)
  common.post(common.options(args), "false")
end
