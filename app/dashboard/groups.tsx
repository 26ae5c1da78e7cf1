const MANY = 12;

export function Groups({ groups }: { groups: readonly string[] }) {
  if (groups.length === 0) return "none";
  const list = (
    <ul className="groups">
      {groups.map((group) => (
        <li key={group} className="badge">
          {group}
        </li>
      ))}
    </ul>
  );
  if (groups.length <= MANY) return list;
  return (
    <details>
      <summary>{groups.length} groups</summary>
      {list}
    </details>
  );
}
