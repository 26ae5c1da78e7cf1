const ROWS = Array.from({ length: 20 }, (_, row) => ({
  id: `order-${row}`,
  customer: `Customer ${row}`,
  total: row * 37,
}));

/** What every variant renders: a small page of the same weight. */
export function Report({ viewer }: { viewer: string | null }) {
  return (
    <main>
      <h1>{viewer ?? "nobody"}</h1>
      <table>
        <tbody>
          {ROWS.map(({ id, customer, total }) => (
            <tr key={id}>
              <td>{id}</td>
              <td>{customer}</td>
              <td>{total}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}
