const LONG = 400;

export function ClaimsTable({ caption, claims }: { caption: string; claims: Readonly<Record<string, unknown>> }) {
  return (
    <div className="card">
      <table className="claims">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(claims).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <Value value={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ value }: { value: unknown }) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 1);
  if (text.length <= LONG) return text;
  return (
    <details>
      <summary>{Array.isArray(value) ? `${value.length} values` : `${text.length} characters`}</summary>
      <div>{text}</div>
    </details>
  );
}
