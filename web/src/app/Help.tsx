import { Kbd, Modal } from '@mantine/core';

const keys: [string[], string][] = [
  [['/'], 'Search in this table'],
  [['Ctrl', 'K'], 'Go to a study, view, dataset, session or participant'],
  [['↑', '↓'], 'Move in a table (also j and k)'],
  [['PgUp', 'PgDn', 'Home', 'End'], 'Move further in a table'],
  [['Enter'], 'Open the row'],
  [['Shift ←', 'Shift →'], 'On a header: make the column narrower or wider'],
  [['Ctrl', 'Z'], 'Undo, while the message that offers it is there'],
  [['Esc'], 'Close what is open'],
  [['?'], 'This help'],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Keys of this page">
      <table className="plain">
        <tbody>
          {keys.map(([names, says]) => (
            <tr key={says}>
              <td style={{ whiteSpace: 'nowrap' }}>
                {names.map((name) => (
                  <Kbd key={name} mr={4} size="xs">
                    {name}
                  </Kbd>
                ))}
              </td>
              <td>{says}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet small">Every view, search, filter and order stands in the address: copy it to come back, or to send it to a colleague who may see the study.</p>
    </Modal>
  );
}
