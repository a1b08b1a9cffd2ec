-- Guesses at passwords of as many logins, none of which there is.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Sec-Fetch-Site"] = "same-origin"
local guess = 0

request = function()
  guess = guess + 1
  return wrk.format(nil, nil, nil, "login=nobody-" .. guess .. "&password=a+guess+of+many+words")
end
