#!/bin/sh
# An endpoint from the model's upload to the last deletion, with the AWS CLI alone. $1: the folder of a model.
set -eu
bucket=models-of-mine
image=763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.4.0-tgi2.3.1-gpu-py311-cu124-ubuntu22.04
account=$(aws sts get-caller-identity --query Account --output text)
role=$(aws iam get-role --role-name sagemaker_execution_role --query Role.Arn --output text)
echo "account $account role $role"

aws s3 mb "s3://$bucket"
aws s3 cp --recursive --no-progress "$1" "s3://$bucket/tiny/"
aws s3 ls "s3://$bucket/tiny/"
aws s3 cp --no-progress "s3://$bucket/tiny/config.json" copy.json
cmp copy.json "$1/config.json" && echo "came back whole"

aws sagemaker create-model --model-name tiny --execution-role-arn "$role" --primary-container "{
    \"Image\": \"$image\",
    \"ModelDataSource\": {\"S3DataSource\": {
        \"S3Uri\": \"s3://$bucket/tiny/\", \"S3DataType\": \"S3Prefix\", \"CompressionType\": \"None\"}},
    \"Environment\": {\"HF_MODEL_ID\": \"/opt/ml/model\", \"MAX_INPUT_LENGTH\": \"256\", \"MAX_TOTAL_TOKENS\": \"512\"}}"
aws sagemaker create-endpoint-config --endpoint-config-name tiny-1 --production-variants \
    VariantName=AllTraffic,ModelName=tiny,InstanceType=ml.g5.2xlarge,InitialInstanceCount=1
aws sagemaker create-endpoint --endpoint-name tiny --endpoint-config-name tiny-1 --tags Key=team,Value=mail
aws sagemaker wait endpoint-in-service --endpoint-name tiny
echo "status $(aws sagemaker describe-endpoint --endpoint-name tiny --query EndpointStatus --output text)"

aws sagemaker-runtime invoke-endpoint --endpoint-name tiny --content-type application/json \
    --body '{"inputs": "Hello", "parameters": {"max_new_tokens": 8}}' answer.json
echo "answer $(cat answer.json)"

aws sagemaker create-endpoint-config --endpoint-config-name tiny-2 --production-variants \
    VariantName=AllTraffic,ModelName=tiny,InstanceType=ml.g5.2xlarge,InitialInstanceCount=2
aws sagemaker update-endpoint --endpoint-name tiny --endpoint-config-name tiny-2
aws sagemaker wait endpoint-in-service --endpoint-name tiny
echo "instances $(aws sagemaker describe-endpoint --endpoint-name tiny \
    --query 'ProductionVariants[0].CurrentInstanceCount' --output text)"

aws sagemaker delete-endpoint --endpoint-name tiny
aws sagemaker delete-endpoint-config --endpoint-config-name tiny-1
aws sagemaker delete-endpoint-config --endpoint-config-name tiny-2
aws sagemaker delete-model --model-name tiny
aws sagemaker wait endpoint-deleted --endpoint-name tiny
if aws sagemaker describe-endpoint --endpoint-name tiny 2>error.txt; then exit 1; fi
cat error.txt
aws s3 rm --recursive "s3://$bucket/tiny/"
aws s3 rb "s3://$bucket"
echo "cleaned up"
