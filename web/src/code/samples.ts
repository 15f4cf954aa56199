import { selectionQuery, type Selection } from '@/api/records';

export type Language = 'json' | 'curl' | 'python' | 'r';
export const languages: { value: Language; label: string }[] = [
  { value: 'json', label: 'JSON' }, { value: 'curl', label: 'curl' }, { value: 'python', label: 'Python' }, { value: 'r', label: 'R' },
];

const shell = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const quoted = (text: string) => JSON.stringify(text);

/** Name and value pairs of the query, arrays as repeated names. */
function pairs(selection: Selection): [string, string][] {
  return Object.entries(selectionQuery(selection)).flatMap(([name, value]): [string, string][] => (Array.isArray(value) ? value.map((one): [string, string] => [name, one]) : [[name, String(value)]]));
}

/** The same request in other languages. Each reads the key from the environment: a key in a script is a key given away. */
export function sample(language: Language, origin: string, study: string, dataset: string, selection: Selection): string {
  const address = `${origin}/api/v1/studies/${encodeURIComponent(study)}/datasets/${encodeURIComponent(dataset)}/export`;
  const query = pairs(selection);
  switch (language) {
    case 'json':
      return JSON.stringify(selection.filter ?? {}, null, 2);
    case 'curl':
      return [
        `curl --fail --get ${shell(address)} \\`, `  --header "Authorization: Bearer $SHEAF_KEY" \\`, ...query.map(([name, value]) => `  --data-urlencode ${shell(`${name}=${value}`)} \\`),
        `  --data-urlencode 'format=csv' --output ${dataset}.csv`,
      ].join('\n');
    case 'python':
      return [
        'import io, os', 'import pandas as pd', 'import requests', '', 'answer = requests.get(', `    ${quoted(address)},`, '    headers={"Authorization": f"Bearer {os.environ[\'SHEAF_KEY\']}"},', '    params=[',
        ...query.map(([name, value]) => `        (${quoted(name)}, ${quoted(value)}),`), '        ("format", "csv"),', '    ],', ')', 'answer.raise_for_status()', `${variable(dataset)} = pd.read_csv(io.BytesIO(answer.content))`,
      ].join('\n');
    case 'r':
      return [
        'library(httr2)', '', `answer <- request(${quoted(address)}) |>`, '  req_auth_bearer_token(Sys.getenv("SHEAF_KEY")) |>', '  req_url_query(', ...query.map(([name, value]) => `    ${name} = ${quoted(value)},`),
        '    format = "csv"', '  ) |>', '  req_perform()', `${variable(dataset)} <- read.csv(text = resp_body_string(answer))`,
      ].join('\n');
  }
}

const variable = (name: string) => name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(\d)/, '_$1');
