/** The folder that the configuration lies in, as a port: reading is a matter of the machine, or of what was bundled. */
export interface ConfigFolder {
  /** Relative paths start at the folder; undefined when there is no such file. @throws when it cannot be read */
  read(path: string): string | undefined;
  /** Paths of files that match, sorted. */
  glob(pattern: string): readonly string[];
}
