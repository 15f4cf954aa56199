import qrcode from 'qrcode-generator';
import { useMemo } from 'react';

const QUIET = 4;

/** A text as a QR code, drawn here: nothing of it leaves the page. Dark on white in both themes, as readers expect. */
export function QrCode({ text, label, size = 184 }: { text: string; label: string; size?: number }) {
  const { path, side } = useMemo(() => {
    const code = qrcode(0, 'M');
    code.addData(text);
    code.make();
    const modules = code.getModuleCount();
    let drawn = '';
    for (let row = 0; row < modules; ++row) for (let column = 0; column < modules; ++column) if (code.isDark(row, column)) drawn += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    return { path: drawn, side: modules + 2 * QUIET };
  }, [text]);
  return (
    <svg role="img" aria-label={label} className="qr" xmlns="http://www.w3.org/2000/svg" width={size} height={size} viewBox={`0 0 ${side} ${side}`} shapeRendering="crispEdges">
      <path d={`M0 0h${side}v${side}h-${side}z`} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
