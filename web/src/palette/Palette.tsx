import { Kbd, Modal, ScrollArea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { findParticipants, sessionsQuery } from '@/api/people';
import { studiesQuery } from '@/api/studies';
import { studyViews } from '@/app/StudyFrame';
import { Icon, type IconName } from '@/ui/Icon';

interface Place {
  to: string;
  text: string;
  of: string;
  icon: IconName;
}

const part = encodeURIComponent;

/** Anywhere by name: studies, views, datasets, sessions, participants. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const { study } = useParams({ strict: false }) as { study?: string };
  const { data: studies } = useQuery(studiesQuery);
  const { data: datasets } = useQuery({ ...datasetsQuery(study ?? ''), enabled: Boolean(study) });
  const { data: sessions } = useQuery({ ...sessionsQuery(study ?? ''), enabled: Boolean(study) });
  const { data: people } = useQuery({ queryKey: ['study', study, 'find', text], enabled: Boolean(study) && text.length > 0, queryFn: ({ signal }) => findParticipants(study ?? '', text, signal) });
  const places = useMemo(() => {
    const all: Place[] = [];
    if (study) {
      for (const { entries } of studyViews) for (const entry of entries) all.push({ to: `/studies/${part(study)}${entry.to}`, text: entry.text, of: 'view', icon: entry.icon });
      for (const dataset of datasets ?? []) all.push({ to: `/studies/${part(study)}/data/${part(dataset.id)}`, text: dataset.name, of: 'dataset', icon: 'table' });
      for (const session of sessions?.items ?? []) all.push({ to: `/studies/${part(study)}/sessions/${part(session.id)}`, text: session.name || session.id, of: 'session', icon: 'calendar' });
    }
    for (const one of studies?.items ?? []) all.push({ to: `/studies/${part(one.id)}`, text: one.name, of: 'study', icon: 'home' });
    all.push({ to: '/keys', text: 'Keys', of: 'account', icon: 'key' }, { to: '/account', text: 'Account and second factor', of: 'account', icon: 'user' });
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((place) => words.every((word) => `${place.text} ${place.of}`.toLowerCase().includes(word))).slice(0, 30);
    const persons = (people?.participants ?? []).map((person): Place => ({ to: `/studies/${part(study ?? '')}/participants/${part(person.id)}`, text: person.code ? `${person.id} (${person.code})` : person.id, of: 'participant', icon: 'user' }));
    return [...found, ...persons];
  }, [study, datasets, sessions, studies, people, text]);
  const go = (place: Place | undefined) => {
    if (!place) return;
    onClose();
    void navigate({ to: place.to as '/' });
  };
  const picked = Math.min(at, places.length - 1);
  return (
    <Modal opened onClose={onClose} withCloseButton={false} padding={0} size={520} yOffset="12vh" title={undefined} aria-label="Go to">
      <TextInput
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={places.length > 0 ? `palette-${picked}` : undefined}
        aria-label="Go to a study, view, dataset, session or participant"
        placeholder="Go to a study, view, dataset, session or participant"
        size="md"
        variant="unstyled"
        className="palette-text"
        data-autofocus
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            setAt(Math.max(0, Math.min(places.length - 1, picked + (event.key === 'ArrowDown' ? 1 : -1))));
          }
          if (event.key === 'Enter') {
            event.preventDefault();
            go(places[picked]);
          }
        }}
      />
      <ScrollArea.Autosize mah={360} className="palette">
        <div role="listbox" id="palette-list" aria-label="Places">
          {places.map((place, index) => (
            <div key={`${place.to} ${place.text}`} id={`palette-${index}`} role="option" aria-selected={index === picked} className="palette-item" onClick={() => go(place)} onMouseMove={() => setAt(index)}>
              <Icon name={place.icon} />
              <span className="palette-words">{place.text}</span>
              <span className="quiet small">{place.of}</span>
            </div>
          ))}
        </div>
        {places.length === 0 && <p className="quiet pad small">Nothing is called so.</p>}
      </ScrollArea.Autosize>
      <p className="palette-foot quiet small">
        <Kbd size="xs">↑</Kbd> <Kbd size="xs">↓</Kbd> choose <Kbd size="xs">Enter</Kbd> go <Kbd size="xs">Esc</Kbd> close
      </p>
    </Modal>
  );
}
