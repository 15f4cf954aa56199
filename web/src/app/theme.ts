import { createTheme, type MantineColorsTuple } from '@mantine/core';

import { takeMarked } from '@/ui/marked';

const sheaf: MantineColorsTuple = ['#e9f6f5', '#d3eae8', '#a5d5d2', '#74bfba', '#4dada7', '#34a19b', '#1f8f89', '#0f6e6b', '#0b5f5c', '#04504d'];
// Dark enough to be read on white, and as words in a light button.
const red: MantineColorsTuple = ['#fdf1f0', '#fae0de', '#f3bab6', '#ec918b', '#e36b63', '#cf4b41', '#b3372f', '#a5302a', '#8c2721', '#75201b'];
const dark: MantineColorsTuple = ['#d5d9d9', '#b9c0c0', '#98a1a2', '#6d7778', '#3d4647', '#2f3738', '#232a2b', '#1a2021', '#141919', '#0e1212'];
const gray: MantineColorsTuple = ['#f8f8f6', '#f1f1ee', '#e6e6e1', '#d9d9d3', '#c3c3bc', '#9b9b94', '#767670', '#5c5c57', '#3a3a36', '#242421'];

export const theme = createTheme({
  primaryColor: 'sheaf',
  primaryShade: 7,
  colors: { sheaf, red, dark, gray },
  defaultRadius: 'sm',
  fontFamily: 'Inter, "Segoe UI", "Helvetica Neue", "Noto Sans", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '22px', lineHeight: '1.25' }, h2: { fontSize: '16px', lineHeight: '1.35' }, h3: { fontSize: '14px', lineHeight: '1.4' } } },
  components: {
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', checkIconPosition: 'right', comboboxProps: { shadow: 'md' }, onKeyDown: takeMarked } },
    MultiSelect: { defaultProps: { size: 'xs', comboboxProps: { shadow: 'md' } } },
    Textarea: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Switch: { defaultProps: { size: 'xs' } },
    Radio: { defaultProps: { size: 'xs' } },
    TagsInput: { defaultProps: { size: 'xs' } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' }, centered: false, overlayProps: { backgroundOpacity: 0.35 } } },
    Badge: { defaultProps: { variant: 'light', size: 'sm', tt: 'none', fw: 500 } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
  },
});
