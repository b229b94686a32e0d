import { describe, expect, test } from 'vitest';
import { callsFor as callsOf, textFor as textOf, tool } from '../../../test/support/demo-kit.ts';

const text = { type: 'string' };
const number = { type: 'number' };
const whole = { type: 'integer' };
const units = { type: 'string', enum: ['celsius', 'fahrenheit'] };
const tools = [
  tool('get_weather', 'Get the weather for a city.', { city: text, unit: units }),
  tool('lookup_order', 'Looks up an order by its id.', { order_id: text }),
  tool('send_email', 'Sends an email.', {
    to: { type: 'string', format: 'email' },
    subject: text,
  }),
  tool('convert_currency', 'Converts money.', { amount: number, from: text, to: text }),
  tool(
    'bookFlight',
    'Books a flight.',
    { origin: text, destination: text, date: { type: 'string', format: 'date' }, seats: whole },
    ['origin', 'destination'],
  ),
  tool('calculate', 'Evaluates an arithmetic expression.', { expression: text }),
  tool('web_search', 'Search the web.', { query: text }),
  tool('fetch_doc', 'Fetches a document.', { url: text }),
  tool('read_file', 'Gives what a file holds.', { source: text }),
  tool('roll_dice', 'Rolls dice.', { count: { type: 'integer', minimum: 1 }, sides: whole }),
  tool('current_time', 'Tells the time.', { timezone: { anyOf: [text, { type: 'null' }] } }),
  tool('set_light', 'Switches a light.', { room: text, on: { type: 'boolean' } }),
  tool('add_tags', 'Adds tags to a note.', { tags: { type: 'array', items: text } }),
  tool('greet', 'Greets a person.', { name: text }),
  tool('remind', 'Sets a reminder.', { time: text, date: text }),
  tool('place_bet', 'Places a bet.', { stake: number, odds: number }),
  tool('add_up', 'Adds two numbers.', { a: whole, b: whole }),
  tool('ping', 'Checks that the service is alive.', {}),
];

const callsFor = (message: string, settings: Record<string, unknown> = { tools }) =>
  callsOf(message, settings);

describe('a message that asks for a tool', () => {
  test.each<[string, Record<string, unknown>]>([
    ['weather in Paris?', { get_weather: { city: 'Paris', unit: 'celsius' } }],
    ['weather in paris?', { get_weather: { city: 'paris', unit: 'celsius' } }],
    [
      "What's the weather like in New York today?",
      { get_weather: { city: 'New York', unit: 'celsius' } },
    ],
    [
      'Weather for São Paulo in fahrenheit',
      { get_weather: { city: 'São Paulo', unit: 'fahrenheit' } },
    ],
    ['weather, city: Lima', { get_weather: { city: 'Lima', unit: 'celsius' } }],
    ['weather in San Francisco, CA', { get_weather: { city: 'San Francisco', unit: 'celsius' } }],
    ['what is the status of order #A-1234?', { lookup_order: { order_id: 'A-1234' } }],
    [
      'email bob@example.com with subject "Lunch"',
      { send_email: { to: 'bob@example.com', subject: 'Lunch' } },
    ],
    ['convert 100 USD to EUR', { convert_currency: { amount: 100, from: 'USD', to: 'EUR' } }],
    [
      'Convert 20.5 dollars from USD to GBP',
      { convert_currency: { amount: 20.5, from: 'USD', to: 'GBP' } },
    ],
    [
      'book a flight from Berlin to Rome on 2026-12-01, 2 seats',
      { bookFlight: { origin: 'Berlin', destination: 'Rome', date: '2026-12-01', seats: 2 } },
    ],
    [
      'book a flight from Berlin to Rome',
      { bookFlight: { origin: 'Berlin', destination: 'Rome' } },
    ],
    ['what is 12 * (3 + 4)?', { calculate: { expression: '12 * (3 + 4)' } }],
    ['search the web for pizza', { web_search: { query: 'search the web for pizza' } }],
    ['Summarise https://example.com/a.md.', { fetch_doc: { url: 'https://example.com/a.md' } }],
    ['what does sample/packing.md say?', { read_file: { source: 'sample/packing.md' } }],
    ['roll two dice with 6 sides', { roll_dice: { count: 2, sides: 6 } }],
    ['what time is it?', { current_time: { timezone: null } }],
    ['current time in Tokyo', { current_time: { timezone: 'Tokyo' } }],
    ['turn on the light in the kitchen', { set_light: { room: 'kitchen', on: true } }],
    ['turn off the light in the kitchen', { set_light: { room: 'kitchen', on: false } }],
    ['add tags "red", "blue" to my note', { add_tags: { tags: ['red', 'blue'] } }],
    ['greet Ada', { greet: { name: 'Ada' } }],
    ['remind me tomorrow at 9:30', { remind: { time: '9:30', date: 'tomorrow' } }],
    ['place a bet with odds 3 and stake 20', { place_bet: { stake: 20, odds: 3 } }],
    ['add up 2 and 3', { add_up: { a: 2, b: 3 } }],
    ['ping', { ping: {} }],
  ])('“%s” calls it with what the message says', (message, call) => {
    expect(callsFor(message)).toEqual([call]);
  });

  test('calls several at once where its parts each ask for one', () => {
    expect(callsFor('Weather in Paris, London and Tokyo; then convert 5 USD to EUR')).toEqual([
      { get_weather: { city: 'Paris', unit: 'celsius' } },
      { get_weather: { city: 'London', unit: 'celsius' } },
      { get_weather: { city: 'Tokyo', unit: 'celsius' } },
      { convert_currency: { amount: 5, from: 'USD', to: 'EUR' } },
    ]);
  });

  test('takes a file for a thing of its own beside what else is asked', () => {
    expect(callsFor('What is the weather in Paris, and what does packing.md say?')).toEqual([
      { get_weather: { city: 'Paris', unit: 'celsius' } },
      { read_file: { source: 'packing.md' } },
    ]);
  });

  test('calls one at a time where calls may not be parallel', () => {
    const calls = callsFor('greet Ada and greet Bob', { tools, parallel_tool_calls: false });
    expect(calls).toEqual([{ greet: { name: 'Ada' } }]);
  });

  test('but lacks an argument is told what is missing', () => {
    expect(textOf('I want the weather', { tools })).toContain(
      'I would call get_weather (city, unit), but found no value for every argument',
    );
  });

  test.each(['Hello!', 'tell me a joke', '', 'What can you do?'])(
    '“%s” asks for none',
    (message) => {
      expect(callsFor(message)).toEqual([]);
    },
  );
});

describe('tool_choice', () => {
  test('none means none', () => {
    expect(callsFor('greet Ada', { tools, tool_choice: 'none' })).toEqual([]);
  });

  test('a named tool is called whatever the message says', () => {
    const settings = { tools, tool_choice: { type: 'function', name: 'greet' } };
    expect(callsFor('hmm', settings)).toEqual([{ greet: { name: 'hmm' } }]);
  });

  test('required calls the first where none fits', () => {
    expect(Object.keys(callsFor('hmm', { tools, tool_choice: 'required' })[0]!)).toEqual([
      'get_weather',
    ]);
  });
});
