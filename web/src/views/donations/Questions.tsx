import { ActionIcon, Button, Group, TagsInput, Text, TextInput } from '@mantine/core';

import { Icon } from '@/ui/Icon';

import { nextId, type Question } from './project';

/** What is asked beside the donations: a variable for each question, or one for each of its items. */
export function Questions({ questions, onChange }: { questions: Question[]; onChange: (questions: Question[]) => void }) {
  const set = (index: number, part: Partial<Question>) => onChange(questions.map((one, other) => (other === index ? { ...one, ...part } : one)));
  const itemsOf = (texts: string[], question: Question) => {
    let id = Math.max(0, ...questions.flatMap((one) => one.items.map((item) => item.id)));
    return texts.filter((text) => /^-?\d+$/.test(text)).map((text) => question.items.find((item) => String(item.value) === text) ?? { id: (id += 1), value: Number(text) });
  };
  return (
    <section className="spread" aria-label="Questionnaire">
      {questions.length === 0 && <Text size="sm" c="dimmed">Nothing is asked.</Text>}
      {questions.map((question, index) => (
        <Group key={question.id} gap={6} mb={6} align="flex-end" role="group" aria-label={`Question ${index + 1}`}>
          <TextInput label="Variable" required pattern="[A-Za-z0-9_\-]{1,50}" title="1 to 50 letters, digits, _ and -" value={question.variable_name} onChange={(event) => set(index, { variable_name: event.currentTarget.value })} w={200} />
          <TagsInput label="Items, by number" placeholder={question.items.length === 0 ? 'none: one answer' : undefined} value={question.items.map((item) => String(item.value))} onChange={(texts) => set(index, { items: itemsOf(texts, question) })} miw={220} />
          <Text size="xs" c="dimmed" pb={7}>
            question-{question.id}
            {question.items.length > 0 && `: ${question.items.map((item) => `item-${item.id}`).join(', ')}`}
          </Text>
          <ActionIcon aria-label={`Remove question ${question.variable_name || index + 1}`} mb={3} onClick={() => onChange(questions.filter((one) => one.id !== question.id))}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </Group>
      ))}
      <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => onChange([...questions, { id: nextId(questions), variable_name: '', items: [] }])}>
        Question
      </Button>
    </section>
  );
}
