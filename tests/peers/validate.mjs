// Validates the documents of documents.json against the schema of the server at GRANARY_URL, and prints for each what is
// wrong with it: a list in JSON, empty where it is valid.
import { readFileSync } from 'node:fs';
import { buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql';

const answer = await fetch(process.env.GRANARY_URL, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.GRANARY_TOKEN}` },
  body: JSON.stringify({ query: getIntrospectionQuery({ specifiedByUrl: true }) }),
});
const schema = buildClientSchema((await answer.json()).data);

function errors(text) {
  try {
    return validate(schema, parse(text)).map((error) => error.message);
  } catch (error) {
    return [error.message];
  }
}

for (const [text] of JSON.parse(readFileSync('documents.json', 'utf8'))) {
  console.log(JSON.stringify(errors(text)));
}
