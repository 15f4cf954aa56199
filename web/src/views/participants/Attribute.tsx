import { Time } from '@/time/zone';

import { attributeText, isTime } from './attributes';

export function Attribute({ value }: { value: unknown }) {
  if (isTime(value)) return <Time at={value} digits="min" />;
  const text = attributeText(value);
  return text ? <span title={text.length > 18 ? text : undefined}>{text}</span> : <span className="quiet">–</span>;
}
