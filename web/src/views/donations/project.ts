/** What a donation project asks for, as the API keeps it. */
export interface ExtractionRule {
  id: number;
  field: string;
  regex_field: boolean;
  /** Null: the field is kept. */
  comparison_operator: string | null;
  comparison_value: string;
  replacement_value: string;
}

export interface Blueprint {
  id: number;
  name: string;
  description: string | null;
  format: 'json' | 'csv';
  json_extraction_root: string;
  expected_fields: string[];
  exp_fields_regex_matching: boolean;
  regex_path: string | null;
  extraction_rules: ExtractionRule[];
  csv_delimiter: string;
}

export interface Question {
  id: number;
  variable_name: string;
  items: { id: number; value: number }[];
}

/** As DDM's pages apply them, in the order of the rules. */
export const OPERATORS = [
  { value: '', label: 'keep the field' }, { value: '==', label: 'equal (==)' }, { value: '!=', label: 'not equal (!=)' }, { value: '>', label: 'greater (>)' }, { value: '<', label: 'smaller (<)' },
  { value: '>=', label: 'greater or equal (>=)' }, { value: '<=', label: 'smaller or equal (<=)' }, { value: 'regex-delete-match', label: 'delete match (regex)' },
  { value: 'regex-replace-match', label: 'replace match (regex)' }, { value: 'regex-delete-row', label: 'delete row when match (regex)' },
];

export const nextId = (of: { id: number }[]) => Math.max(0, ...of.map((one) => one.id)) + 1;

export const newBlueprint = (of: Blueprint[]): Blueprint => ({
  id: nextId(of), name: '', description: null, format: 'json', json_extraction_root: '', expected_fields: [], exp_fields_regex_matching: false, regex_path: null, extraction_rules: [], csv_delimiter: '',
});
export const newRule = (of: ExtractionRule[]): ExtractionRule => ({ id: nextId(of), field: '', regex_field: false, comparison_operator: null, comparison_value: '', replacement_value: '' });
