/** What each role may do, as a table for people. */
export function renderPermissions(granted: Readonly<Record<string, readonly string[]>>): string {
  const rows = Object.entries(granted).flatMap(([role, permissions]) => {
    const byResource = new Map<string, string[]>();
    for (const permission of permissions) {
      const [action, ...resource] = permission.split(' ') as [string, ...string[]];
      const name = resource.join(' ');
      byResource.set(name, [...(byResource.get(name) ?? []), action]);
    }
    return [...byResource]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(
        ([resource, actions], i) =>
          `| ${i === 0 ? `\`${role}\`` : ''} | ${resource} | ${actions.map((action) => `\`${action}\``).join(' ')} |`,
      );
  });
  return ['| Role | may use | with |', '|---|---|---|', ...rows, ''].join('\n');
}
