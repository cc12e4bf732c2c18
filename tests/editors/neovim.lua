-- Opens the spec $SPEC with the server $KSIM attached, makes a mistake, mends it, formats, asks for a hover, and prints
-- what came as JSON lines.
local spec, server = vim.env.SPEC, vim.env.KSIM
local function say(what, value) io.stdout:write(vim.json and vim.json.encode({ what, value }) or vim.fn.json_encode({ what, value }), "\n") end
local function wait(test) return (vim.wait(60000, test, 50)) end
local function lines() return vim.api.nvim_buf_get_lines(0, 0, -1, false) end
local function put(line, text) vim.api.nvim_buf_set_lines(0, line, line + 1, false, { text }) end

vim.cmd("edit " .. spec)
vim.bo.filetype = "ksim"
local config = { name = "ksim", cmd = { server, "lsp" }, root_dir = vim.fn.fnamemodify(spec, ":h") }
local id = vim.lsp.start and vim.lsp.start(config) or vim.lsp.start_client(config)
vim.lsp.buf_attach_client(0, id)
wait(function() local client = vim.lsp.get_client_by_id(id) return client and (client.initialized or client.server_capabilities) end)

local at
for k, line in ipairs(lines()) do
  if line:find("base.linvel in base.heading", 1, true) then at = k - 1 end
end
local good = lines()[at + 1]
put(at, "  v = base.linvle in base.heading")
wait(function() return #vim.diagnostic.get(0) > 0 end)
say("diagnostics", vim.tbl_map(function(d) return { line = d.lnum - at, text = d.message } end, vim.diagnostic.get(0)))
put(at, "  v = base.linvel in base.heading")
say("mended", wait(function() return #vim.diagnostic.get(0) == 0 end))
if vim.lsp.buf.format then vim.lsp.buf.format({ timeout_ms = 30000 }) else vim.lsp.buf.formatting_sync(nil, 30000) end
say("formatted", lines()[at + 1] == good)
local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = at, character = good:find("linvel") } }
for _, answer in pairs(vim.lsp.buf_request_sync(0, "textDocument/hover", params, 30000) or {}) do
  say("hover", answer.result and answer.result.contents.value)
end
vim.cmd("qall!")
