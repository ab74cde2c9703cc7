type Command = readonly string[];

/** What unpacks which archive; archives are known by their names, as the Mesos fetcher does. */
const UNPACK: readonly (readonly [RegExp, (archive: string, into: string) => Command])[] = [
  [/\.(tar|tgz|tar\.gz|tbz2?|tar\.bz2|txz|tar\.xz)$/, (archive, into) => ['tar', '-xf', archive, '-C', into]],
  [/\.zip$/, (archive, into) => ['unzip', '-o', '-q', archive, '-d', into]],
  [/\.gz$/, (archive) => ['gunzip', '-k', '-f', archive]],
];

/** undefined: it is no archive */
export function unpackCommand(path: string, into: string): Command | undefined {
  return UNPACK.find(([name]) => name.test(path))?.[1](path, into);
}

export const isArchive = (uri: string): boolean => unpackCommand(uri, '') !== undefined;
