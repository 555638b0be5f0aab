/** `ip("…")` of LogQL: one address, a range `a-b` or a CIDR block, IPv4 and IPv6. */
import { BlockList, isIP } from 'node:net';

/** @throws RangeError on what is no address, range or block */
export function createIpTest(pattern: string): (address: string) => boolean {
  const list = new BlockList();
  const family = (address: string): 'ipv4' | 'ipv6' => {
    const version = isIP(address);
    if (version === 0) throw new RangeError(`ip: invalid pattern ${JSON.stringify(pattern)}`);
    return version === 6 ? 'ipv6' : 'ipv4';
  };
  const [from = '', to] = pattern.split('-');
  const [network = '', bits] = pattern.split('/');
  try {
    if (to !== undefined) list.addRange(from, to, family(from));
    else if (bits !== undefined) list.addSubnet(network, Number(bits), family(network));
    else list.addAddress(pattern, family(pattern));
  } catch (cause) {
    throw new RangeError(`ip: invalid pattern ${JSON.stringify(pattern)}`, { cause });
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

const ADDRESSES =
  /(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:])/g;

/** Whether any address in the text lies in the pattern. */
export function createLineIpTest(pattern: string): (line: string) => boolean {
  const test = createIpTest(pattern);
  return (line) => [...line.matchAll(ADDRESSES)].some(([address]) => test(address));
}
