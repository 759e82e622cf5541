// An adapter of oidc-provider over DynamoDB: one item for each model's instance, and an index for each other way to find it.
// Everything but the revocation of a grant is one request for one item.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

const TableName = 'oidc-provider';
const now = () => Math.floor(Date.now() / 1000);

export class DynamoAdapter {
  /// Returns the class whose instances use the DynamoDB at `endpoint`. The SDK keeps connections alive.
  static at(endpoint) {
    const client = new DynamoDBClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    });
    const marshallOptions = { removeUndefinedValues: true };
    const documents = DynamoDBDocumentClient.from(client, { marshallOptions });
    return class extends DynamoAdapter {
      documents = documents;
    };
  }

  constructor(model) {
    this.model = model;
  }

  key(id) {
    return { id: `${this.model}:${id}` };
  }

  async upsert(id, payload, expiresIn) {
    const { grantId, uid, userCode } = payload;
    const expiresAt = expiresIn ? now() + expiresIn : undefined;
    const Item = { ...this.key(id), payload, grantId, uid, userCode, expiresAt };
    await this.documents.send(new PutCommand({ TableName, Item }));
  }

  async find(id) {
    const command = new GetCommand({ TableName, Key: this.key(id), ConsistentRead: true });
    return live((await this.documents.send(command)).Item);
  }

  async findByUid(uid) {
    return live((await this.by('uid', uid))[0]);
  }

  async findByUserCode(userCode) {
    return live((await this.by('userCode', userCode))[0]);
  }

  async consume(id) {
    await this.documents.send(
      new UpdateCommand({
        TableName,
        Key: this.key(id),
        UpdateExpression: 'SET payload.#consumed = :now',
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeNames: { '#consumed': 'consumed' },
        ExpressionAttributeValues: { ':now': now() },
      }),
    );
  }

  async destroy(id) {
    await this.documents.send(new DeleteCommand({ TableName, Key: this.key(id) }));
  }

  async revokeByGrantId(grantId) {
    const items = await this.by('grantId', grantId);
    const deletions = items.map(({ id }) => new DeleteCommand({ TableName, Key: { id } }));
    await Promise.all(deletions.map((command) => this.documents.send(command)));
  }

  /// Returns the items with this value of an attribute that has an index.
  async by(attribute, value) {
    const query = {
      TableName,
      IndexName: attribute,
      KeyConditionExpression: '#name = :value',
      ExpressionAttributeNames: { '#name': attribute },
      ExpressionAttributeValues: { ':value': value },
    };
    const items = [];
    let page;
    do {
      page = await this.documents.send(new QueryCommand({ ...query, ExclusiveStartKey: page?.LastEvaluatedKey }));
      items.push(...page.Items);
    } while (page.LastEvaluatedKey);
    return items;
  }
}

/// Returns the payload of an item that has not expired.
function live(item) {
  return item && (item.expiresAt === undefined || item.expiresAt > now()) ? item.payload : undefined;
}
