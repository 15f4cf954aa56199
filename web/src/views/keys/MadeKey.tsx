import { Button, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { save } from '@/api/exports';
import type { KeyMade } from '@/api/keys';
import { CodeBlock } from '@/code/CodeBlock';
import { Icon } from '@/ui/Icon';
import { Note } from '@/ui/notes';

const samples: Record<string, (origin: string) => string> = {
  curl: (origin) => `set -a; . ./sheaf.env; set +a\ncurl -H "Authorization: Bearer $SHEAF_KEY" ${origin}/api/v1/studies`,
  Python: (origin) =>
    `import os, requests\n\nanswer = requests.get(\n    "${origin}/api/v1/studies",\n    headers={"Authorization": f"Bearer {os.environ['SHEAF_KEY']}"},\n)\nanswer.raise_for_status()\nprint([study["name"] for study in answer.json()["studies"]])`,
  R: (origin) => `library(httr2)\nreadRenviron("sheaf.env")\n\nrequest("${origin}/api/v1/studies") |>\n  req_auth_bearer_token(Sys.getenv("SHEAF_KEY")) |>\n  req_perform() |>\n  resp_body_json()`,
};

/** The only time the key is shown. */
export function MadeKey({ made, onClose }: { made: KeyMade; onClose: () => void }) {
  const [language, setLanguage] = useState('curl');
  const origin = window.location.origin;
  const env = () => {
    const address = URL.createObjectURL(new Blob([`SHEAF_SERVER=${origin}\nSHEAF_KEY=${made.key}\n`], { type: 'text/plain' }));
    save(address, 'sheaf.env');
    window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
  };
  return (
    <Modal opened onClose={onClose} title={`The key ${made.name}`} size="lg" closeOnClickOutside={false} closeOnEscape={false}>
      <Stack gap="sm">
        <Note tone="fair" icon="key" title="It is shown this once">
          <Text size="sm">The server keeps only a digest of it. Copy it, or save the file, before you close this.</Text>
        </Note>
        <CodeBlock text={made.key} label="The key" />
        <Group>
          <Button variant="light" leftSection={<Icon name="download" />} onClick={env}>
            Save as sheaf.env
          </Button>
        </Group>
        <Text size="sm" fw={500}>
          Try it
        </Text>
        <SegmentedControl aria-label="Language" data={Object.keys(samples)} value={language} onChange={setLanguage} w="fit-content" />
        <CodeBlock text={samples[language]?.(origin) ?? ''} label={`A request in ${language}`} />
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
