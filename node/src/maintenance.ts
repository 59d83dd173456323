/** Commands over a data folder that no node has open. Answers false for a name that is none of them. */
export async function maintenance(_command: string, _args: readonly string[]): Promise<boolean> {
  return false;
}
