import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';

import { Icon } from '@/ui/Icon';

/** Text to copy as it stands. */
export function CodeBlock({ text, label, maxHeight = 320 }: { text: string; label: string; maxHeight?: number }) {
  return (
    <div className="code">
      <pre tabIndex={0} role="region" aria-label={label} style={{ maxHeight }}>
        {text}
      </pre>
      <CopyButton value={text} timeout={1500}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon className="code-copy" aria-label={copied ? 'Copied' : `Copy: ${label}`} onClick={copy} variant="default" size="sm">
              <Icon name={copied ? 'check' : 'copy'} size={13} />
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}
