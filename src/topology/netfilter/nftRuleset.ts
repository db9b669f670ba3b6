import { isObject } from '../../jsonObject.ts';
import { arrayOf, type Json, numberOf, textOf } from './json.ts';
import { actionsOf, conditionOf, type NftValues } from './nftExpressions.ts';
import { nftRuleText } from './nftText.ts';
import type { Chain, Hook, Rule, Step, Table } from './ruleset.ts';

type BaseChain = NonNullable<Chain['base']>;

/**
 * Reads the output of `nft -j list ruleset`. Skips the tables in `skip` (`FAMILY NAME`), which iptables-nft
 * manages: nft does not print all of their matches, but iptables-save does.
 */
export function parseNftRuleset(text: string, skip: ReadonlySet<string>): Table[] {
  const document: Json = JSON.parse(text);
  const items = arrayOf(isObject(document) ? document.nftables : undefined).filter((item) =>
    isObject(item),
  );
  const objects = (kind: string) =>
    items.flatMap((item) => (isObject(item[kind]) ? [item[kind]] : []));
  const keyOf = (item: { [key: string]: Json | undefined }) =>
    `${textOf(item.family)} ${textOf(item.table ?? item.name)}`;
  return objects('table')
    .filter((table) => !skip.has(keyOf(table)))
    .map((table) => {
      const within = (kind: string) => objects(kind).filter((item) => keyOf(item) === keyOf(table));
      const values: NftValues = new Map(
        [...within('set'), ...within('map')].map((set) => [textOf(set.name), arrayOf(set.elem)]),
      );
      const chains = within('chain').map((chain): [string, Chain] => {
        const name = textOf(chain.name);
        const rules = within('rule').filter((rule) => textOf(rule.chain) === name);
        const base = baseOf(chain);
        return [
          name,
          { name, rules: rules.map((rule) => parseRule(rule, values)), ...(base && { base }) },
        ];
      });
      return {
        backend: 'nftables' as const,
        family: textOf(table.family) as Table['family'],
        name: textOf(table.name),
        chains: new Map(chains),
      };
    });
}

function baseOf(chain: { [key: string]: Json | undefined }): BaseChain | undefined {
  if (chain.hook === undefined) return undefined;
  const type = textOf(chain.type);
  const devices = (Array.isArray(chain.dev) ? chain.dev : [chain.dev]).map(textOf).filter(Boolean);
  return {
    hook: textOf(chain.hook) as Hook,
    type: type === 'nat' || type === 'route' ? type : 'filter',
    priority: numberOf(chain.prio) ?? 0,
    policy: chain.policy === 'drop' ? 'drop' : 'accept',
    ...(devices.length > 0 && { devices }),
  };
}

function parseRule(rule: { [key: string]: Json | undefined }, values: NftValues): Rule {
  const steps: Step[] = [];
  let packets: number | undefined;
  for (const expression of arrayOf(rule.expr)) {
    if (!isObject(expression)) continue;
    const [kind = '', value] = Object.entries(expression)[0] ?? [];
    if (kind === 'counter' && isObject(value)) packets = numberOf(value.packets);
    const condition = conditionOf(kind, value, values);
    if (condition) steps.push({ condition });
    else steps.push(...actionsOf(kind, value, values).map((action) => ({ action })));
  }
  return {
    text: nftRuleText(rule),
    steps,
    ...(typeof rule.comment === 'string' && { comment: rule.comment }),
    ...(packets !== undefined && { packets }),
  };
}
