import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';
import { selectionQuery, type Selection } from './records';

export type Series = Schemas['Series'];
export type Distribution = Schemas['Distribution'];

export interface SeriesOptions {
  fields: string[];
  x: 'time' | 'onset_ms';
  by: 'none' | 'participant' | 'session';
  points: number;
  from?: string | undefined;
  to?: string | undefined;
}

/** Values for a plot: as many as it can show, chosen by the server so that no extreme is lost. */
export const seriesQuery = (study: string, dataset: string, selection: Selection, options: SeriesOptions) =>
  queryOptions({
    queryKey: ['study', study, 'series', dataset, selection, options],
    enabled: options.fields.length > 0,
    queryFn: ({ signal }) =>
      must(
        client.GET('/api/v1/studies/{study}/datasets/{dataset}/series', {
          params: {
            path: { study, dataset },
            query: {
              ...selectionQuery(selection), fields: options.fields.join(','), x: options.x, by: options.by, points: options.points,
              ...(options.from ? { from: options.from } : {}), ...(options.to ? { to: options.to } : {}),
            },
          },
          signal,
        }),
      ),
  });

const MOST_FIELDS = 50;

/** How answers are spread, for any number of fields. */
export const distributionQuery = (study: string, dataset: string, selection: Selection, fields: string[]) =>
  queryOptions({
    queryKey: ['study', study, 'distribution', dataset, selection, fields],
    queryFn: async ({ signal }) => {
      const all: Distribution['fields'] = [];
      for (let at = 0; at < fields.length; at += MOST_FIELDS) {
        const query = { ...selectionQuery(selection), fields: fields.slice(at, at + MOST_FIELDS).join(','), bins: 12 };
        all.push(...(await must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/distribution', { params: { path: { study, dataset }, query }, signal }))).fields);
      }
      return all;
    },
  });

export const arrivalsQuery = (study: string, dataset: string, selection: Selection, timezone: string, of: 'time' | 'received_at' = 'time') =>
  queryOptions({
    queryKey: ['study', study, 'arrivals', dataset, selection, timezone, of],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/arrivals', { params: { path: { study, dataset }, query: { ...selectionQuery(selection), timezone, by: 'day', of } }, signal })),
  });

/** What there is of a study, in numbers. */
export const studyOverviewQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'overview', 'whole'],
    staleTime: 60_000,
    // A list asks it of every study; who may not read records of one sees a dash there.
    retry: false,
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/overview', { params: { path: { study } }, signal })),
  });

/** What there is of a participant or a session, by dataset: one request for all the badges. */
export const scopeOverviewQuery = (study: string, scope: { participant?: string | undefined; session?: string | undefined }) =>
  queryOptions({
    queryKey: ['study', study, 'overview', scope],
    enabled: Boolean(scope.participant) !== Boolean(scope.session),
    queryFn: async ({ signal }) => {
      const { participant, session } = scope;
      if (participant) return (await must(client.GET('/api/v1/studies/{study}/participants/{participant}/overview', { params: { path: { study, participant } }, signal }))).datasets;
      return (await must(client.GET('/api/v1/studies/{study}/sessions/{session}/overview', { params: { path: { study, session: session ?? '' } }, signal }))).datasets;
    },
  });
