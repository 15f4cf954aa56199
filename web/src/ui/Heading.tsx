import { Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** The head of a view: what it is, what is said of it, what can be done. */
export function Heading({ title, about, children }: { title: ReactNode; about?: ReactNode; children?: ReactNode }) {
  return (
    <div className="heading">
      <div className="heading-words">
        <Title order={1}>{title}</Title>
        {about && (
          <Text size="sm" c="dimmed" component="div">
            {about}
          </Text>
        )}
      </div>
      {children && <div className="heading-tools">{children}</div>}
    </div>
  );
}
