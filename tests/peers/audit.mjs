// The audit suite of GraphQL over HTTP against GRANARY_URL, with the token GRANARY_TOKEN.
// Prints one JSON line per audit: its id, its name, and ok, notice, warn or error with the reason.
import { serverAudits } from 'graphql-http';

const authorization = `Bearer ${process.env.GRANARY_TOKEN}`;
const fetchWithToken = (url, options = {}) =>
  fetch(url, { ...options, headers: { ...options.headers, authorization } });

for (const audit of serverAudits({ url: process.env.GRANARY_URL, fetchFn: fetchWithToken })) {
  const result = await audit.fn();
  const reason = result.status === 'ok' ? undefined : result.reason;
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status: result.status, reason }));
}
