// A stack whose APIs Jeton protects: an HTTP API and a REST API. Which scope each route needs is said in Jeton's stack, by its
// parameter RouteScopes: the authorizer refuses all other requests.

import { App, CfnOutput, CfnParameter, Duration, Stack } from 'aws-cdk-lib'
import { AuthorizationType, IdentitySource, RequestAuthorizer, RestApi, LambdaIntegration, ResponseType } from 'aws-cdk-lib/aws-apigateway'
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'

const app = new App()
const stack = new Stack(app, 'jeton-notes', { description: 'APIs that Jeton protects.' })

const arn = new CfnParameter(stack, 'AuthorizerArn', { description: 'The output AuthorizerArn of the deployment of Jeton.' })
const authorizer = Function.fromFunctionAttributes(stack, 'Authorizer', {
  functionArn: arn.valueAsString,
  // Without this line CDK cannot tell whose function it is, and leaves out the permission to call it.
  sameEnvironment: true,
})

const notes = new Function(stack, 'Notes', {
  runtime: Runtime.PYTHON_3_13,
  handler: 'index.handler',
  code: Code.fromInline(`
import json

def handler(event, context):
    caller = event["requestContext"]["authorizer"]
    caller = caller.get("lambda", caller)  # of an HTTP API, or of a REST API
    return {"statusCode": 200, "body": json.dumps({"sub": caller["sub"], "scope": caller["scope"].split()})}
`),
})

const httpApi = new HttpApi(stack, 'HttpApi', {
  defaultAuthorizer: new HttpLambdaAuthorizer('Jeton', authorizer, {
    responseTypes: [HttpLambdaResponseType.SIMPLE],
    // No cache: a revoked token is refused at the next call. A cache needs `$context.routeKey` as another identity source:
    // without it, a token that passes at one route passes at all.
    resultsCacheTtl: Duration.seconds(0),
  }),
})
httpApi.addRoutes({
  path: '/notes',
  methods: [HttpMethod.GET, HttpMethod.POST],
  integration: new HttpLambdaIntegration('NotesIntegration', notes),
})

const restApi = new RestApi(stack, 'RestApi', {
  cloudWatchRole: false, // it would be a setting of the whole account
  defaultMethodOptions: {
    authorizationType: AuthorizationType.CUSTOM,
    authorizer: new RequestAuthorizer(stack, 'RestAuthorizer', {
      handler: authorizer,
      identitySources: [IdentitySource.header('Authorization')],
      resultsCacheTtl: Duration.seconds(0),
    }),
  },
})
const path = restApi.root.addResource('notes')
for (const method of ['GET', 'POST']) path.addMethod(method, new LambdaIntegration(notes))
// The challenges of RFC 6750 §3: only a REST API can send them.
restApi.addGatewayResponse('Unauthorized', {
  type: ResponseType.UNAUTHORIZED,
  responseHeaders: { 'WWW-Authenticate': "'Bearer'" },
})
restApi.addGatewayResponse('AccessDenied', {
  type: ResponseType.ACCESS_DENIED,
  responseHeaders: { 'WWW-Authenticate': 'context.authorizer.challenge' },
})

new CfnOutput(stack, 'HttpApiUrl', { value: `${httpApi.apiEndpoint}/notes` })
new CfnOutput(stack, 'RestApiUrl', { value: restApi.urlForPath('/notes') })
