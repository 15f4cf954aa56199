import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

import type { Dataset, Field } from '@/api/datasets';
import type { Selection } from '@/api/records';

import type { DataSearch, Scope } from './scope';
import { isNumeric, type Show } from './values';

export interface KindProps {
  scope: Scope;
  dataset: Dataset;
  selection: Selection;
  show: Show;
  open: (seq: number) => void;
  search: DataSearch;
  change: (change: Partial<DataSearch>, options?: { push?: boolean }) => void;
}

interface KindView {
  id: string;
  title: string;
  component?: LazyExoticComponent<ComponentType<KindProps>>;
}

const Chat = lazy(async () => ({ default: (await import('./kinds/Chat')).ChatView }));
const Plot = lazy(async () => ({ default: (await import('./kinds/Plot')).PlotView }));
const Spread = lazy(async () => ({ default: (await import('./kinds/Spread')).SpreadView }));
const Lights = lazy(async () => ({ default: (await import('./kinds/Lights')).LightsView }));
const Track = lazy(async () => ({ default: (await import('./kinds/Track')).TrackView }));
const Tree = lazy(async () => ({ default: (await import('./kinds/Donations')).DonationsView }));
const Recordings = lazy(async () => ({ default: (await import('./kinds/Recordings')).RecordingsView }));
const Answers = lazy(async () => ({ default: (await import('./kinds/Answers')).AnswersView }));

const named = (fields: Field[], words: RegExp) => fields.find((field) => isNumeric(field) && words.test(`${field.id}`));

/** The two fields of a place, where a dataset has them. */
export function placeFields(dataset: Dataset): { latitude: Field; longitude: Field } | null {
  const latitude = named(dataset.fields, /^(lat|latitude)$/i);
  const longitude = named(dataset.fields, /^(lon|lng|long|longitude)$/i);
  return latitude && longitude ? { latitude, longitude } : null;
}

export const numericFields = (dataset: Dataset) => dataset.fields.filter((field) => isNumeric(field) && !field.system);

/** As what a dataset can be shown; the table always. */
export function kindViews(dataset: Dataset): KindView[] {
  const views: KindView[] = [{ id: 'table', title: 'Table' }];
  if (dataset.kind === 'chat') views.push({ id: 'chat', title: 'Conversation', component: Chat });
  if (dataset.kind === 'recordings') views.push({ id: 'play', title: 'Play', component: Recordings });
  if (placeFields(dataset)) views.push({ id: 'track', title: 'Track', component: Track });
  if (dataset.kind === 'survey' || dataset.kind === 'profile') views.push({ id: 'answers', title: 'Answers', component: Answers });
  if (dataset.kind === 'donation') views.push({ id: 'tree', title: 'Donations', component: Tree });
  if (dataset.kind === 'sync_metrics') views.push({ id: 'lights', title: 'Sync quality', component: Lights });
  if (numericFields(dataset).length > 0 && ['continuous_ratings', 'sparse_ratings', 'sensor', 'sync_metrics', 'custom'].includes(dataset.kind)) views.push({ id: 'plot', title: 'Plot', component: Plot });
  if (dataset.kind === 'sparse_ratings') views.push({ id: 'spread', title: 'Distribution', component: Spread });
  return views;
}

/** What a researcher most likely wants to see first. */
export function usualView(dataset: Dataset, scope: Scope): string {
  const narrow = scope.participant !== undefined || scope.session !== undefined;
  if (dataset.kind === 'chat' && narrow) return 'chat';
  if (narrow && (dataset.kind === 'continuous_ratings' || dataset.kind === 'sensor')) return placeFields(dataset) ? 'track' : 'plot';
  return 'table';
}
