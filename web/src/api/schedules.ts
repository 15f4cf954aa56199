import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type Schedule = Schemas['Schedule'];
export type ScheduleRun = Schemas['ScheduleRun'];
export type Delivery = Schemas['Delivery'];

const at = (study: string, schedule: string) => ({ params: { path: { study, schedule } } });

export const schedulesQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'schedules'],
    queryFn: async ({ signal }) => {
      const list = await must(client.GET('/api/v1/studies/{study}/schedules', { params: { path: { study } }, signal }));
      return { items: list.schedules, total: list.total, complete: !list.has_more };
    },
  });
export const createSchedule = (study: string, body: Schemas['ScheduleRequest']) => must(client.POST('/api/v1/studies/{study}/schedules', { params: { path: { study } }, body }));
export const deleteSchedule = (study: string, schedule: string) => must(client.DELETE('/api/v1/studies/{study}/schedules/{schedule}', at(study, schedule)));
export const pauseSchedule = (study: string, schedule: string) => must(client.POST('/api/v1/studies/{study}/schedules/{schedule}/pause', at(study, schedule)));
export const resumeSchedule = (study: string, schedule: string) => must(client.POST('/api/v1/studies/{study}/schedules/{schedule}/resume', at(study, schedule)));
export const runSchedule = (study: string, schedule: string) => must(client.POST('/api/v1/studies/{study}/schedules/{schedule}/run', at(study, schedule)));

export const runsQuery = (study: string, schedule: string) =>
  queryOptions({
    queryKey: ['study', study, 'schedule-runs', schedule],
    queryFn: async ({ signal }) => (await must(client.GET('/api/v1/studies/{study}/schedules/{schedule}/runs', { ...at(study, schedule), signal }))).runs,
    refetchInterval: (query) => (query.state.data?.some((run) => run.state === 'running') ? 1500 : false),
  });
export const deliveriesQuery = (study: string, schedule: string) =>
  queryOptions({
    queryKey: ['study', study, 'schedule-deliveries', schedule],
    queryFn: async ({ signal }) => (await must(client.GET('/api/v1/studies/{study}/schedules/{schedule}/deliveries', { ...at(study, schedule), signal }))).deliveries,
  });
export const replayDelivery = (study: string, schedule: string, delivery: string) =>
  must(client.POST('/api/v1/studies/{study}/schedules/{schedule}/deliveries/{delivery}/replay', { params: { path: { study, schedule, delivery } } }));
