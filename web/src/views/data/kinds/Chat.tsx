import { useInfiniteQuery } from '@tanstack/react-query';
import { Fragment, useMemo } from 'react';

import { recordPagesQuery, type Record_ } from '@/api/records';
import { Time } from '@/time/zone';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import type { KindProps } from '../kinds';
import { More } from '../More';
import { valuesOf } from '../values';

const PAGE = 1000;
const textOf = (value: unknown) => (value === null || value === undefined ? '' : String(value));

/** Messages as they were exchanged, session by session. */
export function ChatView({ scope, dataset, selection, open }: KindProps) {
  const query = useInfiniteQuery(recordPagesQuery(scope.study, dataset.id, selection, { sort: 'session,time', limit: PAGE }));
  const records = useMemo(() => query.data?.pages.flatMap((page) => page.records) ?? [], [query.data]);
  const has = (id: string) => dataset.fields.some((field) => field.id === id);
  const words = has('content') ? 'content' : has('message') ? 'message' : has('text') ? 'text' : (dataset.fields.find((field) => field.type === 'string')?.id ?? '');
  const name = has('senderName') ? 'senderName' : '';
  const sessions = useMemo(() => {
    const all = new Map<string, Record_[]>();
    for (const record of records) {
      const session = record.session ?? '';
      const messages = all.get(session);
      if (messages) messages.push(record);
      else all.set(session, [record]);
    }
    return [...all];
  }, [records]);
  if (query.error && records.length === 0) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending) return <Busy what="Reading the conversation" />;
  if (records.length === 0) return <Empty icon="chat" title="Nobody wrote anything" />;
  return (
    <div className="chat">
      {sessions.map(([session, messages]) => {
        const people = [...new Set(messages.map((message) => message.participant ?? ''))];
        return (
          <section key={session} aria-label={session ? `Session ${session}` : 'Messages'}>
            {!scope.session && session && <h2 className="section">{session}</h2>}
            <ol className="messages">
              {messages.map((message, index) => {
                const values = valuesOf(message);
                const before = messages[index - 1];
                const sameSender = before?.participant === message.participant;
                const deleted = values['deleted'] === true;
                return (
                  <Fragment key={message.seq}>
                    <li data-person={people.indexOf(message.participant ?? '') % 6} data-right={people.indexOf(message.participant ?? '') % 2 === 1 || undefined}>
                      {!sameSender && (
                        <span className="message-head">
                          <b>{textOf(values[name]) || message.participant}</b> {textOf(values['senderRole'])}
                        </span>
                      )}
                      <button type="button" className="message" onClick={() => message.seq !== undefined && open(message.seq)}>
                        {deleted ? <i>taken back: </i> : null}
                        {textOf(values[words]) || <i className="quiet">no text</i>}
                        <span className="message-time">
                          <Time at={message.time} />
                        </span>
                      </button>
                    </li>
                  </Fragment>
                );
              })}
            </ol>
          </section>
        );
      })}
      <ErrorNote error={query.error} retry={() => void query.fetchNextPage()} title="The messages that follow could not be read" />
      <More read={records.length} total={query.data?.pages[0]?.total ?? 0} what={scope.session ? 'messages' : 'messages, session by session'} query={query} />
    </div>
  );
}
