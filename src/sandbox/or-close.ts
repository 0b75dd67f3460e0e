/** Does what is left of a start; where that fails, what runs already is closed, so that nothing of it lives on. */
export async function orClose<T>(running: { close(): Promise<void> }, rest: () => Promise<T>): Promise<T> {
  try {
    return await rest()
  } catch (error) {
    await running.close()
    throw error
  }
}
