import { Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';

import { riskQuery } from '@/api/exports';
import type { Selection } from '@/api/records';
import { asProblem } from '@/api/problem';
import { count, plural } from '@/ui/format';

/** How easily somebody could be recognised, in words with the numbers in them. */
export function RiskFigures({ study, datasets, selection }: { study: string; datasets: string[]; selection: Selection }) {
  const risks = useQueries({ queries: datasets.map((dataset) => riskQuery(study, dataset, selection, { identifiers: 'remove' })) });
  return (
    <div className="risk" role="status">
      {risks.map((risk, index) => {
        const dataset = datasets[index] ?? '';
        if (risk.isPending) return <Text key={dataset} size="sm" c="dimmed">{dataset}: looking for people who stand out…</Text>;
        if (risk.error) return <Text key={dataset} size="sm" c="dimmed">{dataset}: {asProblem(risk.error).message}</Text>;
        const { k, classes, small_cells, least_allowed, participants, quasi_identifiers, l } = risk.data;
        if (participants === 0) return <Text key={dataset} size="sm">{dataset}: no participants.</Text>;
        if (quasi_identifiers.length === 0) {
          return <Text key={dataset} size="sm">{dataset}: no field or attribute is marked as a quasi-identifier (such as age or region), so nothing is known about who stands out among {plural(participants, 'participant')}.</Text>;
        }
        return (
          <Text key={dataset} size="sm">
            <b>{dataset}</b>: {quasi_identifiers.join(', ')} make {plural(classes, 'group')} of {plural(participants, 'participant')}. The smallest has <b>{count(k)}</b>{k === 1 ? ' – somebody is alone with their answers' : ''}; {plural(small_cells, 'group')} {small_cells === 1 ? 'is' : 'are'} smaller than {least_allowed}.
            {l.least !== null && ` In the least varied group, a sensitive answer has ${plural(l.least, 'value')}.`}
          </Text>
        );
      })}
    </div>
  );
}
