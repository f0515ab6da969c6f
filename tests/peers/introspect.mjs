// Builds a client's schema from what the server at GRANARY_URL says of itself to GRANARY_TOKEN, and prints it.
import { buildClientSchema, getIntrospectionQuery, printSchema } from 'graphql';

const query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true });
const answer = await fetch(process.env.GRANARY_URL, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.GRANARY_TOKEN}` },
  body: JSON.stringify({ query }),
});
const { data, errors } = await answer.json();
if (errors) {
  console.error(JSON.stringify(errors));
  process.exit(1);
}
console.log(printSchema(buildClientSchema(data)));
