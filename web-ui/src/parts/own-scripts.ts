interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** Scripts that run beside the page: constants, relative to it. Nothing else becomes an address of code. */
const own = ['sw.js', 'map-worker.js'] as const;

const rules = {
  createScriptURL: (url: string): string => {
    if (!own.some((name) => url === name)) throw new TypeError(`${url} is no script of this page`);
    return url;
  },
};
const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
const policy = policies?.createPolicy('own-scripts', rules) ?? rules;

/** The address of a script in the form that the page's policy asks for. */
export function ownScript(name: (typeof own)[number]): string {
  return policy.createScriptURL(name);
}
