/** The `{{.window}}` of Sloth's query templates. */

const VARIABLE = /\{\{\s*\.window\s*\}\}/g;

export function hasWindow(template: string): boolean {
  return template.search(VARIABLE) >= 0;
}

/** True for any other template action: Sloth defines no other variable. */
export function hasOtherActions(template: string): boolean {
  return template.replaceAll(VARIABLE, '').includes('{{');
}

export function renderWindow(template: string, window: string): string {
  return template.replaceAll(VARIABLE, () => window);
}

/** With a window of a minute, as many characters long as the variable: what stands where stays there. */
export function renderProbe(template: string): string {
  return template.replaceAll(VARIABLE, (variable) => '1m'.padStart(variable.length, '0'));
}
