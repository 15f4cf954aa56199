import { Outlet } from '@tanstack/react-router';

export function StudyFrame() {
  return <Outlet />;
}
