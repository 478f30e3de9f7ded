// Where a module's descriptor may lie.

/** In order of preference: the module's own `NAME.node.json`, then the folder's `node.json`. Relative paths, as the module's is. */
export function descriptorPaths(modulePath: string): readonly [string, string] {
  const folder = modulePath.slice(0, modulePath.lastIndexOf("/") + 1);
  return [modulePath.replace(/(\.wasm)?$/, ".node.json"), `${folder}node.json`];
}
