import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';

import type { Selection } from '@/api/records';

import { CodeBlock } from './CodeBlock';
import { languages, sample, type Language } from './samples';

export function CodeSamples({ study, dataset, selection }: { study: string; dataset: string; selection: Selection }) {
  const [language, setLanguage] = useState<Language>('curl');
  return (
    <div>
      <SegmentedControl aria-label="Language" data={languages} value={language} onChange={(value) => setLanguage(value as Language)} mb={6} />
      <CodeBlock text={sample(language, window.location.origin, study, dataset, selection)} label={`This selection as ${languages.find((one) => one.value === language)?.label}`} />
    </div>
  );
}
